import { get, patch, post } from '../api/client';
import type { ManagedUser, UserCreate } from '../api/types';
import { session } from './session.svelte';

const PAGE = 100;

export interface UserChange {
  display_name?: string;
  role?: 'admin' | 'user';
  is_active?: boolean;
}

/** All accounts while their page is open. */
export class Users {
  list = $state.raw<ManagedUser[] | null>(null);
  total = $state(0);
  error = $state.raw<unknown>(null);

  async load(): Promise<void> {
    await this.read(Math.max(PAGE, this.list?.length ?? 0), []);
  }

  async more(): Promise<void> {
    await this.read(PAGE, this.list ?? []);
  }

  async change(id: number, body: UserChange): Promise<void> {
    const answer = await patch('/api/v1/users/{id}', { path: { id: String(id) }, body });
    if (id === session.user?.user_id) session.user = answer;
    if (session.isAdmin) await this.load();
  }

  /** Makes an account; answers the one-time password that opens it. */
  async create(body: UserCreate): Promise<string> {
    const answer = await post('/api/v1/users', { body });
    await this.load();
    return answer.temporary_password;
  }

  /** The one-time password, which the server tells only now. */
  async resetAccess(id: number): Promise<string> {
    const answer = await post('/api/v1/users/{id}/reset-access', { path: { id: String(id) } });
    await this.load();
    return answer.temporary_password;
  }

  private async read(count: number, before: ManagedUser[]): Promise<void> {
    this.error = null;
    try {
      let list = before;
      do {
        const query = { limit: PAGE, offset: list.length };
        const page = await get('/api/v1/users', { query });
        const known = new Set(list.map(({ user_id }) => user_id));
        list = [...list, ...page.users.filter(({ user_id }) => !known.has(user_id))];
        this.total = page.total;
        if (page.users.length < PAGE) break;
      } while (list.length < before.length + count);
      this.list = list;
    } catch (error) {
      this.error = error;
    }
  }
}
