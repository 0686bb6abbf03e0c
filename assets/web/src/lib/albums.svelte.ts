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

interface Loaded {
  items: Album[];
  total: number;
}

/** One's own albums, the newest first: loaded page by page, and anew when the server tells of a change. */
class Albums {
  items = $state.raw<Album[]>([]);
  total = $state<number | null>(null);
  loading = $state(false);
  error = $state.raw<unknown>(null);

  readonly complete = $derived(this.total !== null && this.items.length >= this.total);

  private queue: Promise<void> = Promise.resolve();
  private stale = false;
  private generation = 0;

  constructor() {
    session.onSignOut(() => this.reset());
    events.on('albums', () => {
      if (this.total !== null) void this.renew();
    });
  }

  open(): void {
    if (this.total === null) void this.loadMore();
  }

  loadMore(): Promise<void> {
    return this.load(async () => {
      const page = await pageAt(this.items.length);
      return { items: joined(this.items, page.albums), total: page.total };
    });
  }

  async loadAll(): Promise<void> {
    while (!this.complete) {
      const before = this.items.length;
      await this.loadMore();
      if (this.error || this.items.length === before) return;
    }
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
  private renew(): Promise<void> {
    if (this.stale) return this.queue;
    this.stale = true;
    return this.load(async () => {
      this.stale = false;
      let page = await pageAt(0);
      let items = page.albums;
      while (items.length < Math.min(this.items.length, page.total) && page.albums.length) {
        page = await pageAt(items.length);
        items = joined(items, page.albums);
      }
      return { items, total: page.total };
    });
  }

  /** One after the other, so that no page is taken twice. */
  private load(read: () => Promise<Loaded>): Promise<void> {
    this.queue = this.queue.then(async () => {
      const { generation } = this;
      this.loading = true;
      this.error = null;
      try {
        const found = await read();
        if (generation === this.generation) ({ items: this.items, total: this.total } = found);
      } catch (error) {
        if (generation === this.generation) this.error = error;
      } finally {
        this.loading = false;
      }
    });
    return this.queue;
  }

  private reset(): void {
    this.generation++;
    this.items = [];
    this.total = null;
    this.error = null;
  }
}

/** A new album moves the others on, so that a page may begin with what the last one ended with. */
function joined(items: readonly Album[], more: readonly Album[]): Album[] {
  const known = new Set(items.map((album) => album.album_id));
  return [...items, ...more.filter((album) => !known.has(album.album_id))];
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
