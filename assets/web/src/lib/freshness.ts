import type { AssetChange } from '../api/types';
import { isProcessing, type Item } from './collection';
import { parseTime } from './dates';
import type { News } from './event-stream';

export interface RecentPage {
  items: Item[];
  total: number;
  /** Nothing was added before what this page lists. */
  last: boolean;
}

/** Where the truth is asked for. */
export interface Source {
  /** Those of at most a hundred assets that are in the library. */
  byIds(ids: string[]): Promise<Item[]>;
  /** A page of what was added last. */
  recent(offset: number): Promise<RecentPage>;
  count(): Promise<number>;
}

/** What is shown, and gets to know the answers. */
export interface Shown {
  items(): readonly Item[];
  has(id: string): boolean;
  update(items: Item[], gone: ReadonlySet<string>, total: number | null): void;
}

export const BATCH = 100;
const ROUND_MS = 1_000;
const FIRST_MS = 50;
const RETRY_MS = 5_000;
/** Assets of one moment may become visible in another order than their times of arrival. */
const SLACK_MS = 60_000;

/**
 * Keeps a list of assets true with at most three requests a second, however many assets change. Changed ones
 * are asked for by id, a hundred at a time, those in sight first. After a gap in the news, what was added
 * meanwhile is read from the newest back to what was known, and what is shown is checked once it is looked at.
 */
export class Freshness {
  private readonly pending = new Set<string>();
  private unchecked = new Set<string>();
  private sight: readonly string[] = [];
  private readonly gone = new Set<string>();
  /** How far the list of what was added last has been read; null when there is no need to. */
  private offset: number | null = null;
  private head = -Infinity;
  /** Everything that was added until then has been heard of; in milliseconds, null before the first look. */
  private mark: number | null = null;
  private miscounted = false;
  private doubts = 0;
  private rounds = 0;
  private busy = false;
  private notBefore = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: Source,
    private readonly shown: Shown,
  ) {}

  hear({ changed, truncated }: News<AssetChange>): void {
    for (const change of changed) {
      if (change.is_deleted) {
        this.pending.delete(change.asset_id);
        this.gone.add(change.asset_id);
        this.miscounted = true;
      } else this.expect(change.asset_id);
    }
    if (truncated) this.doubt();
    else if (changed.length) this.schedule();
  }

  /** There was a gap: anything may have happened. */
  doubt(): void {
    if (this.offset === null) this.head = -Infinity;
    this.offset = 0;
    this.doubts++;
    const items = this.shown.items();
    this.unchecked = new Set(items.map((item) => item.id));
    for (const item of items) if (isProcessing(item.asset)) this.pending.add(item.id);
    this.look(this.sight);
    this.schedule();
  }

  /** Something is or will be known of this asset that is not shown. */
  expect(id: string): void {
    this.gone.delete(id);
    this.pending.add(id);
    this.schedule();
  }

  /** These are in sight now. */
  look(ids: readonly string[]): void {
    this.sight = ids;
    const before = this.pending.size;
    for (const id of ids) if (this.unchecked.delete(id)) this.pending.add(id);
    if (this.pending.size > before) this.schedule();
  }

  reset(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.rounds++;
    this.busy = false;
    for (const set of [this.pending, this.unchecked, this.gone]) set.clear();
    this.sight = [];
    this.offset = this.mark = null;
    this.miscounted = false;
  }

  private schedule(): void {
    if (this.busy) return;
    const wait = Math.max(FIRST_MS, this.notBefore - Date.now());
    this.timer ??= setTimeout(() => void this.round(), wait);
  }

  private async round(): Promise<void> {
    const round = ++this.rounds;
    this.timer = undefined;
    this.busy = true;
    const ids = this.take();
    const { offset, doubts } = this;
    let wait = ROUND_MS;
    try {
      const [listed, recent] = await Promise.all([
        ids.length ? this.source.byIds(ids) : [],
        offset === null ? null : this.source.recent(offset),
      ]);
      if (round !== this.rounds) return;
      this.settle(ids, listed, recent);
      if (recent && this.doubts === doubts) this.advance(recent, offset!);
      const total = recent?.total ?? (this.miscounted ? await this.source.count() : null);
      if (round !== this.rounds) return;
      if (total !== null) this.miscounted = false;
      const gone = new Set(this.gone);
      this.gone.clear();
      this.shown.update([...listed, ...(recent?.items ?? [])], gone, total);
      if (!this.pending.size && this.offset === null) this.raiseMark(listed);
    } catch {
      if (round !== this.rounds) return;
      for (const id of ids) this.pending.add(id);
      wait = RETRY_MS;
    }
    this.busy = false;
    this.notBefore = Date.now() + wait;
    if (this.pending.size || this.gone.size || this.miscounted || this.offset !== null) this.schedule();
  }

  private take(): string[] {
    const first = this.sight.filter((id) => this.pending.has(id));
    const ids = [...new Set([...first, ...this.pending])].slice(0, BATCH);
    for (const id of ids) this.pending.delete(id);
    return ids;
  }

  private settle(ids: string[], listed: Item[], recent: RecentPage | null): void {
    const there = new Set([...listed, ...(recent?.items ?? [])].map((item) => item.id));
    for (const id of ids) {
      if (there.has(id)) this.gone.delete(id);
      else this.gone.add(id);
      if (!there.has(id) || !this.shown.has(id)) this.miscounted = true;
    }
    for (const id of there) this.unchecked.delete(id);
  }

  private advance(page: RecentPage, offset: number): void {
    const times = page.items.map((item) => parseTime(item.asset.upload_time) ?? -Infinity);
    this.head = Math.max(this.head, ...times);
    const reached = this.mark === null || page.last || Math.min(...times) < this.mark - SLACK_MS;
    this.offset = reached ? null : offset + page.items.length;
    if (reached) this.mark = Math.max(this.mark ?? -Infinity, this.head);
  }

  private raiseMark(listed: Item[]): void {
    const times = listed.map((item) => parseTime(item.asset.upload_time) ?? -Infinity);
    if (this.mark !== null) this.mark = Math.max(this.mark, ...times);
  }
}
