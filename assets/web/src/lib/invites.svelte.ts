import { get, post, remove } from '../api/client';
import type { Invite } from '../api/types';

/** All invitations while their page is open. */
export class Invites {
  list = $state.raw<Invite[] | null>(null);
  error = $state.raw<unknown>(null);

  async load(): Promise<void> {
    this.error = null;
    try {
      this.list = (await get('/api/v1/invites')).invites;
    } catch (error) {
      this.error = error;
    }
  }

  /** The path and query of a new invitation, which the server tells only now. */
  async create(note: string, days: number): Promise<string> {
    const body = { note, expires_in_days: days };
    const { invite_token } = await post('/api/v1/invites', { body });
    await this.load();
    return `/register?invite=${encodeURIComponent(invite_token)}`;
  }

  async revoke(id: number): Promise<void> {
    await remove('/api/v1/invites/{id}', { path: { id: String(id) } });
    await this.load();
  }
}
