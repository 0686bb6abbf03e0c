import { get, post, put, remove } from '../api/client';
import type { Album } from '../api/types';
import { t, tn } from '../i18n';
import { events } from './events.svelte';
import { errorText } from './format';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';

const PAGE = 60;
/** Most that one request takes. */
const MOST = 10_000;

/** One's own albums, the newest first: loaded page by page, and anew when the server tells of a change. */
class Albums {
  items = $state.raw<Album[]>([]);
  total = $state<number | null>(null);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  private stale = false;

  readonly complete = $derived(this.total !== null && this.items.length >= this.total);

  constructor() {
    session.onSignOut(() => this.reset());
    events.on('albums', () => {
      if (this.total !== null) void this.renew();
    });
  }

  open(): void {
    if (this.total === null) void this.loadMore();
  }

  async loadMore(): Promise<void> {
    if (this.complete) return;
    await this.load(async () => {
      const page = await pageAt(this.items.length);
      this.items = [...this.items, ...page.albums];
      this.total = page.total;
    });
  }

  async loadAll(): Promise<void> {
    do await this.loadMore();
    while (!this.complete && !this.error);
  }

  async create(name: string, description = ''): Promise<Album> {
    const body = { album_name: name, description: description || undefined };
    const album = await post('/api/v1/albums', { body });
    await this.renew();
    return album;
  }

  async delete(id: number): Promise<void> {
    await remove('/api/v1/albums/{id}', { path: { id: String(id) } });
    this.items = this.items.filter((album) => album.album_id !== id);
    toasts.show(t('album.deleted'));
  }

  /** Reads again as many as are shown. */
  private async renew(): Promise<void> {
    this.stale = true;
    if (this.loading) return;
    while (this.stale && !this.error) {
      this.stale = false;
      await this.load(async () => {
        const shown = Math.max(this.items.length, PAGE);
        let items: Album[] = [];
        let total = 1;
        while (items.length < Math.min(shown, total)) {
          const page = await pageAt(items.length);
          if (!page.albums.length) break;
          items = [...items, ...page.albums];
          total = page.total;
        }
        this.items = items;
        this.total = total === 1 ? items.length : total;
      });
    }
  }

  private async load(step: () => Promise<void>): Promise<void> {
    this.loading = true;
    this.error = null;
    try {
      await step();
    } catch (error) {
      this.error = error;
    } finally {
      this.loading = false;
    }
  }

  private reset(): void {
    this.items = [];
    this.total = null;
    this.error = null;
  }
}

function pageAt(offset: number) {
  return get('/api/v1/albums', { query: { limit: PAGE, offset } });
}

/** Puts pictures into an album, and offers to take out exactly those that were not in it before. */
export async function addToAlbum(album: Album, ids: readonly string[]): Promise<void> {
  const path = { id: String(album.album_id) };
  const added: string[] = [];
  let present = 0;
  for (const asset_ids of batches(ids)) {
    const answer = await post('/api/v1/albums/{id}/assets', { path, body: { asset_ids } });
    added.push(...answer.added);
    present += answer.present.length;
  }
  const names = { name: album.album_name };
  if (!added.length) return toasts.show(t(present ? 'album.all_present' : 'album.none_added', names));
  toasts.show(tn('album.added', added.length, names), {
    label: t('edit.undo'),
    run: () => void takeOut(album.album_id, added).catch(tell),
  });
}

export async function takeOut(albumId: number, ids: readonly string[]): Promise<void> {
  const path = { id: String(albumId) };
  for (const asset_ids of batches(ids))
    await remove('/api/v1/albums/{id}/assets', { path, body: { asset_ids } });
}

/** Takes pictures out of an album, and offers to put them back where they were; `order` is that of before. */
export async function removeFromAlbum(
  albumId: number,
  ids: readonly string[],
  order: readonly string[],
): Promise<void> {
  await takeOut(albumId, ids);
  toasts.show(tn('album.removed', ids.length), {
    label: t('edit.undo'),
    run: () => void putBack(albumId, ids, order).catch(tell),
  });
}

async function putBack(albumId: number, ids: readonly string[], order: readonly string[]): Promise<void> {
  const path = { id: String(albumId) };
  for (const asset_ids of batches(ids))
    await post('/api/v1/albums/{id}/assets', { path, body: { asset_ids } });
  if (order.length) await arrange(albumId, order);
}

/** The first so many may be named; those after them stay as they were. */
export async function arrange(albumId: number, order: readonly string[]): Promise<void> {
  const body = { asset_ids: order.slice(0, MOST) };
  await put('/api/v1/albums/{id}/order', { path: { id: String(albumId) }, body });
}

export function tell(error: unknown): void {
  toasts.show(errorText(error));
}

function* batches(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += MOST) yield ids.slice(from, from + MOST);
}

export const albums = new Albums();
