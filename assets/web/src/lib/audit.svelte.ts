import { get } from '../api/client';
import type { AuditEvent, ManagedUser } from '../api/types';

/** The fields of the filter; empty means all, dates are those of the viewer's calendar. */
export interface AuditFilter {
  action: string;
  actor: string;
  subject: string;
  from: string;
  to: string;
}

export const EVERYTHING: AuditFilter = { action: '', actor: '', subject: '', from: '', to: '' };

const DAY_MS = 86_400_000;

/** The log while its page is open, the newest first. */
export class AuditLog {
  events = $state.raw<AuditEvent[] | null>(null);
  users = $state.raw<ManagedUser[]>([]);
  hasMore = $state(false);
  error = $state.raw<unknown>(null);
  private filter = EVERYTHING;
  private turn = 0;

  async loadUsers(): Promise<void> {
    this.users = (await get('/api/v1/users', { query: { limit: 100 } })).users;
  }

  async load(filter: AuditFilter): Promise<void> {
    this.filter = { ...filter };
    await this.read([]);
  }

  async more(): Promise<void> {
    await this.read(this.events ?? []);
  }

  private async read(before: AuditEvent[]): Promise<void> {
    const turn = ++this.turn;
    this.error = null;
    try {
      const query = queryOf(this.filter, before.at(-1)?.event_id);
      const page = await get('/api/v1/admin/audit', { query });
      // A filter that was changed meanwhile asks for something else.
      if (turn !== this.turn) return;
      this.events = [...before, ...page.events];
      this.hasMore = page.has_more;
    } catch (error) {
      if (turn === this.turn) this.error = error;
    }
  }
}

function queryOf(filter: AuditFilter, before?: number): Record<string, string | number> {
  const query: Record<string, string | number> = {};
  for (const name of ['action', 'actor', 'subject'] as const) if (filter[name]) query[name] = filter[name];
  if (filter.from) query.from = startOf(filter.from, 0);
  if (filter.to) query.to = startOf(filter.to, DAY_MS);
  if (before) query.before = before;
  return query;
}

function startOf(day: string, later: number): string {
  // Without a zone the browser reads it as the viewer's.
  return new Date(Date.parse(`${day}T00:00:00`) + later).toISOString();
}
