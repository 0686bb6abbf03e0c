import { get, post } from '../api/client';
import type { Asset, BulkOutcome, TrashSummary } from '../api/types';
import { t, tn } from '../i18n';
import { itemsOf, withoutItems, type Item } from './collection';
import { errorText } from './format';
import { toasts } from './toasts.svelte';

const PAGE = 100;
const DAY_MS = 86_400_000;
const LOOK_AGAIN_MS = 1_500;

/** Moves assets to the trash, with a way back; failures are told, not thrown. */
export async function throwAway(ids: readonly string[]): Promise<void> {
  await told(async () => {
    const outcome = await move('trash', ids);
    if (!outcome.asset_ids.length) return toasts.show(t('trash.none_moved'));
    const undo = () => void told(async () => void (await move('restore', outcome.asset_ids)));
    toasts.show(tn('trash.moved', outcome.asset_ids.length), { label: t('edit.undo'), run: undo });
  });
}

/** Days until an asset is deleted for good; null where that never happens. */
export function daysLeft(asset: Asset, retention: number, now = Date.now()): number | null {
  if (!retention || !asset.deleted_at) return null;
  const end = Date.parse(asset.deleted_at) + retention * DAY_MS;
  return Math.max(0, Math.ceil((end - now) / DAY_MS));
}

function move(where: 'trash' | 'restore', ids: readonly string[]): Promise<BulkOutcome> {
  return post(`/api/v1/assets/bulk/${where}`, { body: { asset_ids: [...ids] } });
}

async function told(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    toasts.show(errorText(error));
  }
}

/** The trash while its page is open. */
export class Trash {
  items = $state.raw<Item[]>([]);
  summary = $state.raw<TrashSummary | null>(null);
  error = $state.raw<unknown>(null);
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  busy = $state(false);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  readonly complete = $derived(this.items.length >= (this.summary?.count ?? 0));

  /** Reads as much as is shown, at least a page. */
  async load(): Promise<void> {
    clearTimeout(this.timer);
    this.error = null;
    try {
      const pages = Math.max(1, Math.ceil(this.items.length / PAGE));
      const [summary, ...lists] = await Promise.all([
        get('/api/v1/trash'),
        ...Array.from({ length: pages }, (_, page) => list(page * PAGE)),
      ]);
      if (this.closed) return;
      this.summary = summary;
      this.show(lists.flat());
      // What could not be deleted comes back into the list.
      if (summary.being_deleted) this.timer = setTimeout(() => void this.load(), LOOK_AGAIN_MS);
    } catch (error) {
      this.error = error;
    }
  }

  async loadMore(): Promise<void> {
    this.busy = true;
    await told(async () => this.show([...this.items, ...(await list(this.items.length))]));
    this.busy = false;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  toggle(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.chosen = chosen;
  }

  chooseAll(): void {
    this.chosen = new Set(this.items.map((item) => item.id));
  }

  chooseNone(): void {
    this.chosen = new Set();
  }

  async restore(): Promise<void> {
    this.busy = true;
    await told(async () => {
      const outcome = await move('restore', [...this.chosen]);
      this.leave(outcome);
      if (!outcome.asset_ids.length) return toasts.show(t('trash.none_restored'));
      const undo = () =>
        void told(async () => {
          await move('trash', outcome.asset_ids);
          await this.load();
        });
      toasts.show(tn('trash.restored', outcome.asset_ids.length), { label: t('edit.undo'), run: undo });
    });
    this.busy = false;
    await this.load();
  }

  /** Deletes these for good, or everything; rejects when the server refuses. */
  async destroy(ids: readonly string[] | null, without_bin: boolean): Promise<void> {
    const outcome = ids
      ? await post('/api/v1/trash/delete', {
          body: { asset_ids: [...ids], count: ids.length, without_bin },
        })
      : await post('/api/v1/trash/empty', { body: { count: this.summary?.count ?? 0, without_bin } });
    this.leave(outcome);
    const away = outcome.not_done.filter(({ reason }) => reason === 'offline').length;
    if (outcome.asset_ids.length) toasts.show(tn('trash.deleting', outcome.asset_ids.length));
    if (away) toasts.show(tn('trash.away', away));
    await this.load();
  }

  private leave({ asset_ids }: BulkOutcome): void {
    this.items = withoutItems(this.items, new Set(asset_ids));
    this.chooseNone();
  }

  private show(items: Item[]): void {
    this.items = [...new Map(items.map((item) => [item.id, item])).values()];
    const there = new Set(this.items.map((item) => item.id));
    this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
  }
}

async function list(offset: number): Promise<Item[]> {
  return itemsOf(
    await post('/api/v1/assets/list', {
      body: { filter: { is_deleted: true }, stack_mode: 'expanded', pagination: { limit: PAGE, offset } },
    }),
  );
}
