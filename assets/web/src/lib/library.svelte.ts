import { get, post } from '../api/client';
import { ApiError } from '../api/errors';
import type { AssetQuery, BrowsePage } from '../api/types';
import { isProcessing, itemOf, itemsOf, mergeItems, type Item } from './collection';
import { session } from './session.svelte';

const PAGE = 100;
/** Pages overlap a little, so that a picture moved meanwhile by its capture date is not skipped. */
const OVERLAP = 10;
const POLL_MS = 2_000;
const SINGLE_LOOKUPS = 8;
const STALE_MS = 30_000;

type Phase = 'new' | 'loading' | 'ready' | 'failed';

/** The timeline's pictures: loaded page by page, kept while other pages are shown, and kept up to date. */
class Library {
  items = $state.raw<Item[]>([]);
  total = $state<number | null>(null);
  phase = $state<Phase>('new');
  loadingMore = $state(false);
  error = $state.raw<unknown>(null);
  complete = $state(false);
  /** Where the timeline was scrolled to when it was last left. */
  scrollTop = 0;

  private positions = $derived(new Map(this.items.map((item, index) => [item.id, index])));
  private awaited = new Set<string>();
  private floor = Infinity;
  private cursor = 0;
  /** The last page held nothing new, so the next one starts after it whatever is listed. */
  private stuck = false;
  private generation = 0;
  private checkedAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    session.onSignOut(() => this.reset());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.phase === 'ready') this.catchUp();
    });
  }

  indexOf(id: string): number {
    return this.positions.get(id) ?? -1;
  }

  /** Loads the first page unless it is there; otherwise looks for what is new. */
  open(): void {
    if (this.phase === 'new' || this.phase === 'failed') void this.loadMore();
    else if (this.phase === 'ready') this.catchUp();
  }

  async loadMore(): Promise<void> {
    if (this.loadingMore || this.complete) return;
    this.loadingMore = true;
    this.error = null;
    if (this.phase !== 'ready') this.phase = 'loading';
    const generation = this.generation;
    try {
      const known = this.items.length;
      const offset = this.stuck ? this.cursor : Math.max(0, known - OVERLAP);
      const page = await post('/api/v1/assets/list', { body: query('date_captured', offset) });
      if (generation !== this.generation) return;
      const fresh = itemsOf(page);
      const rows = page.items?.length ?? 0;
      this.complete = rows === 0 || offset + rows >= page.total_visible;
      this.floor = this.complete ? -Infinity : Math.min(this.floor, ...fresh.map((item) => item.wall));
      this.take(page, fresh);
      this.cursor = offset + rows;
      this.stuck = this.items.length === known;
      this.phase = 'ready';
      this.checkedAt = Date.now();
    } catch (error) {
      if (generation !== this.generation) return;
      this.error = error;
      if (this.phase === 'loading') this.phase = 'failed';
    } finally {
      if (generation === this.generation) this.loadingMore = false;
    }
  }

  /** Reads on until the picture is in the list or must have been passed. */
  async reach(id: string, wall: number): Promise<void> {
    while (this.indexOf(id) < 0 && !this.complete && this.floor >= wall) {
      if (this.loadingMore) await new Promise((resolve) => setTimeout(resolve, 50));
      else await this.loadMore();
      if (this.error) return;
    }
  }

  /** An upload was accepted: its picture appears by itself, and is watched until it is ready. */
  expect(id: string): void {
    this.awaited.add(id);
    this.schedule(300);
  }

  /** Something outside the page added pictures: look now instead of at the next visit. */
  lookForNews(): void {
    if (this.phase === 'ready') this.schedule(0);
  }

  private reset(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.generation++;
    this.items = [];
    this.total = null;
    this.phase = 'new';
    this.loadingMore = false;
    this.error = null;
    this.complete = false;
    this.floor = Infinity;
    this.cursor = 0;
    this.stuck = false;
    this.scrollTop = 0;
    this.awaited.clear();
  }

  private catchUp(): void {
    if (Date.now() - this.checkedAt > STALE_MS) this.schedule(0);
    else this.watch();
  }

  private take(page: BrowsePage, fresh: Item[]): void {
    this.total = page.total_visible;
    this.items = mergeItems(this.items, fresh, this.floor);
    this.watch();
  }

  private watch(): void {
    for (const item of this.items) if (isProcessing(item.asset)) this.awaited.add(item.id);
    if (this.awaited.size) this.schedule(POLL_MS);
  }

  private schedule(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (!document.hidden) void this.poll();
    }, ms);
  }

  /** One list call covers what was added last; older ones still at work are asked for one by one. */
  private async poll(): Promise<void> {
    const generation = this.generation;
    this.checkedAt = Date.now();
    try {
      const page = await post('/api/v1/assets/list', { body: query('recently_added', 0) });
      const fresh = itemsOf(page);
      const seen = new Set(fresh.map((item) => item.id));
      const others = [...this.awaited].filter((id) => !seen.has(id)).slice(0, SINGLE_LOOKUPS);
      for (const item of await Promise.all(others.map((id) => this.lookUp(id)))) if (item) fresh.push(item);
      if (generation !== this.generation) return;
      for (const item of fresh) if (!isProcessing(item.asset)) this.awaited.delete(item.id);
      if (this.phase === 'ready') this.take(page, fresh);
    } catch {
      // The next round tries again.
    }
    if (generation === this.generation && this.awaited.size) this.schedule(POLL_MS);
  }

  private async lookUp(id: string): Promise<Item | null> {
    try {
      return itemOf(await get('/api/v1/assets/{id}', { path: { id } }));
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) this.awaited.delete(id);
      return null;
    }
  }
}

function query(sort: NonNullable<AssetQuery['sort_by']>, offset: number): AssetQuery {
  return {
    filter: {},
    pagination: { limit: PAGE, offset },
    sort_by: sort,
    stack_mode: 'collapsed',
    viewer_timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
  };
}

export const library = new Library();
