import { get, put } from '../api/client';
import { ApiError } from '../api/errors';
import type { Album } from '../api/types';
import { arrange, removeFromAlbum } from './albums.svelte';
import { itemOf, type Item } from './collection';
import { events } from './events.svelte';
import type { Source } from './source';
import { moved } from './tiles';

export interface AlbumChanges {
  album_name?: string;
  description?: string;
  cover_asset_id?: string;
}

/** One album and its pictures in its order, kept up to date between `open` and what that returns. */
export class AlbumView implements Source {
  album = $state.raw<Album | null>(null);
  items = $state.raw<Item[]>([]);
  error = $state.raw<unknown>(null);
  loadingMore = $state(false);
  readonly complete = true;
  scrollTop = 0;

  private readonly positions = $derived(new Map(this.items.map((item, index) => [item.id, index])));
  private stale = false;
  private saving = 0;

  constructor(readonly id: number) {}

  get total(): number {
    return this.items.length;
  }

  open(): () => void {
    const closing = [
      // Told at once that everything is new, when the stream opens.
      events.on('albums', ({ changed, truncated }) => {
        if (truncated || changed.includes(this.id)) void this.renew();
      }),
      events.on('assets', ({ changed, truncated }) => {
        if (truncated || changed.some((it) => this.indexOf(it.asset_id) >= 0)) void this.renew();
      }),
    ];
    void this.renew();
    return () => closing.forEach((close) => close());
  }

  indexOf(id: string): number {
    return this.positions.get(id) ?? -1;
  }

  /** There is never more; what failed is tried again. */
  async loadMore(): Promise<void> {
    if (this.error) await this.renew();
  }

  /** Reads the whole album again. */
  private async renew(): Promise<void> {
    this.stale = true;
    if (this.loadingMore || this.saving) return;
    this.loadingMore = true;
    try {
      while (this.stale) {
        this.stale = false;
        const path = { id: String(this.id) };
        const [album, { assets }] = await Promise.all([
          get('/api/v1/albums/{id}', { path }),
          get('/api/v1/albums/{id}/assets', { path }),
        ]);
        // What is being moved meanwhile must not jump back.
        if (this.saving) break;
        this.album = album;
        this.take(assets.map(itemOf));
        this.error = null;
      }
    } catch (error) {
      this.error = error;
      if (error instanceof ApiError && error.status === 404) this.album = null;
    } finally {
      this.loadingMore = false;
    }
  }

  async change(changes: AlbumChanges): Promise<void> {
    this.album = await put('/api/v1/albums/{id}', { path: { id: String(this.id) }, body: changes });
  }

  /** Moves pictures before what stands at a place now. */
  async move(ids: ReadonlySet<string>, before: number): Promise<void> {
    const items = moved(this.items, (item) => ids.has(item.id), before);
    if (items.every((item, index) => item === this.items[index])) return;
    this.items = items;
    this.saving++;
    try {
      await arrange(this.id, this.order());
    } finally {
      this.saving--;
      void this.renew();
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    await removeFromAlbum(this.id, ids, this.order());
    await this.renew();
  }

  private order(): string[] {
    return this.items.map((item) => item.id);
  }

  /** The same array stays where nothing changed, so that nothing is laid out again. */
  private take(items: Item[]): void {
    const known = new Map(this.items.map((item) => [item.id, item]));
    const fresh = items.map((item) => {
      const old = known.get(item.id);
      return old?.signature === item.signature ? old : item;
    });
    const same = fresh.length === this.items.length && fresh.every((item, i) => item === this.items[i]);
    if (!same) this.items = fresh;
  }
}
