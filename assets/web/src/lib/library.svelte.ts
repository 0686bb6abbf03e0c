import { get, post } from '../api/client';
import type { Asset, AssetQuery, BrowsePage } from '../api/types';
import { isBehindCover, itemOf, itemsOf, mergeItems, withoutItems, type Item } from './collection';
import { events } from './events.svelte';
import { BATCH, Freshness } from './freshness';
import { session } from './session.svelte';
import type { Source } from './source';

const PAGE = 100;
/** Pages overlap a little, so that a picture moved meanwhile by its capture date is not skipped. */
const OVERLAP = 10;
/** Most pictures that are read again at once when whole repositories come or go. */
const RENEWED = 1_000;

type Phase = 'new' | 'loading' | 'ready' | 'failed';

/** The timeline's pictures: loaded page by page, kept while other pages are shown, and kept up to date. */
class Library implements Source {
  items = $state.raw<Item[]>([]);
  total = $state<number | null>(null);
  phase = $state<Phase>('new');
  loadingMore = $state(false);
  error = $state.raw<unknown>(null);
  complete = $state(false);
  /** Where the timeline was scrolled to when it was last left. */
  scrollTop = 0;

  private positions = $derived(new Map(this.items.map((item, index) => [item.id, index])));
  private floor = Infinity;
  private cursor = 0;
  /** The last page held nothing new, so the next one starts after it whatever is listed. */
  private stuck = false;
  private generation = 0;
  private repositories: string | null = null;
  /** Something changed while the first page was on its way. */
  private overtaken = false;

  private readonly freshness = new Freshness(
    {
      byIds: async (ids) => itemsOf(await list({ filter: { asset_ids: ids }, pagination: { limit: BATCH } })),
      count: async () => (await list({ pagination: { limit: 1 } })).total_visible,
      recent: async (offset) => {
        const page = await list({ sort_by: 'recently_added', pagination: { limit: PAGE, offset } });
        const rows = page.items?.length ?? 0;
        return { items: itemsOf(page), total: page.total_visible, last: offset + rows >= page.total_visible };
      },
    },
    {
      items: () => this.items,
      has: (id) => this.indexOf(id) >= 0,
      update: (items, gone, total) => {
        if (this.phase !== 'ready') return;
        if (total !== null) this.total = total;
        this.items = withoutItems(mergeItems(this.items, items, this.floor), gone);
      },
    },
  );

  constructor() {
    session.onSignOut(() => this.reset());
    events.on('assets', (news) => {
      if (this.phase === 'ready') this.freshness.hear(news);
      else this.overtaken = true;
    });
    events.on('repositories', () => void this.compareRepositories());
  }

  indexOf(id: string): number {
    return this.positions.get(id) ?? -1;
  }

  /** Loads the first page unless it is there; the server's events tell of everything later. */
  open(): void {
    if (this.phase === 'new' || this.phase === 'failed') void this.loadMore();
  }

  async loadMore(): Promise<void> {
    if (this.loadingMore || this.complete) return;
    this.loadingMore = true;
    this.error = null;
    if (this.phase !== 'ready') this.begin();
    const generation = this.generation;
    try {
      const known = this.items.length;
      const offset = this.stuck ? this.cursor : Math.max(0, known - OVERLAP);
      const page = await list({ pagination: { limit: PAGE, offset } });
      if (generation !== this.generation) return;
      this.takePage(page, offset, this.items);
      this.stuck = this.items.length === known;
      if (this.phase === 'loading' && this.overtaken) this.freshness.doubt();
      this.phase = 'ready';
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

  /** An upload was accepted: its picture appears without waiting for the server's events. */
  expect(id: string): void {
    this.freshness.expect(id);
  }

  /** This is how an asset is now, as after an edit; it moves when its time did. */
  put(asset: Asset): void {
    if (this.phase === 'ready' && !isBehindCover(asset))
      this.items = mergeItems(this.items, [itemOf(asset)], this.floor);
  }

  /** These pictures are in sight: they are the first to be brought up to date. */
  look(ids: readonly string[]): void {
    this.freshness.look(ids);
  }

  private reset(): void {
    this.freshness.reset();
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
    this.repositories = null;
  }

  private begin(): void {
    this.phase = 'loading';
    this.overtaken = false;
    // Now, so that later it is known what came after the first page.
    this.freshness.doubt();
  }

  private takePage(page: BrowsePage, offset: number, before: Item[]): void {
    const fresh = itemsOf(page);
    const rows = page.items?.length ?? 0;
    this.complete = rows === 0 || offset + rows >= page.total_visible;
    this.floor = this.complete ? -Infinity : Math.min(this.floor, ...fresh.map((item) => item.wall));
    this.total = page.total_visible;
    this.items = mergeItems(before, fresh, this.floor);
    this.cursor = offset + rows;
  }

  /** A repository that comes or goes takes its pictures along, without a word about each. */
  private async compareRepositories(): Promise<void> {
    if (!session.isAdmin) {
      // Others are not told which, and ask for everything.
      if (this.phase === 'ready') await this.renew().catch(() => {});
      return;
    }
    const generation = this.generation;
    try {
      const { repositories } = await get('/api/v1/repositories');
      if (generation !== this.generation) return;
      const ids = repositories
        .map((repository) => repository.id)
        .sort()
        .join();
      const changed = this.repositories !== null && this.repositories !== ids;
      if (changed && this.phase === 'ready') await this.renew();
      this.repositories = ids;
    } catch {
      // The next event asks again.
    }
  }

  /** Reads again what is loaded, so far as that is not too much; the rest is loaded when it is scrolled to. */
  private async renew(): Promise<void> {
    const generation = ++this.generation;
    this.loadingMore = true;
    const wanted = Math.min(this.items.length, RENEWED);
    const pages: { page: BrowsePage; offset: number }[] = [];
    try {
      for (let offset = 0, more = true; more; offset += PAGE) {
        const page = await list({ pagination: { limit: PAGE, offset } });
        if (generation !== this.generation) return;
        pages.push({ page, offset });
        more = offset + PAGE < Math.min(wanted, page.total_visible);
      }
      this.floor = Infinity;
      let items: Item[] = [];
      for (const { page, offset } of pages) {
        this.takePage(page, offset, items);
        items = this.items;
      }
      this.stuck = false;
    } finally {
      if (generation === this.generation) this.loadingMore = false;
    }
  }
}

function list(wanted: AssetQuery): Promise<BrowsePage> {
  return post('/api/v1/assets/list', {
    body: {
      filter: {},
      sort_by: 'date_captured',
      stack_mode: 'collapsed',
      viewer_timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
      ...wanted,
    },
  });
}

export const library = new Library();
