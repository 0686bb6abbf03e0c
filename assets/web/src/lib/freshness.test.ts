import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Asset, AssetChange } from '../api/types';
import { itemOf, mergeItems, withoutItems, type Item } from './collection';
import { Freshness } from './freshness';

const START = Date.parse('2031-07-04T09:00:00Z');

/** A library on a server, and the list that shows it. */
class World {
  readonly assets = new Map<string, Asset>();
  items: Item[] = [];
  total: number | null = null;
  readonly requests: string[] = [];
  away = false;
  held: Promise<void> | null = null;
  private arrivals = 0;

  readonly freshness = new Freshness(
    {
      byIds: async (ids) => {
        this.ask(`ids ${ids.length}`);
        await this.held;
        return ids.flatMap((id) => this.assets.get(id) ?? []).map(itemOf);
      },
      recent: async (offset) => {
        this.ask(`recent ${offset}`);
        const sorted = [...this.assets.values()].sort((a, b) => b.upload_time.localeCompare(a.upload_time));
        const items = sorted.slice(offset, offset + 100).map(itemOf);
        return { items, total: sorted.length, last: offset + items.length >= sorted.length };
      },
      count: async () => {
        this.ask('count');
        return this.assets.size;
      },
    },
    {
      items: () => this.items,
      has: (id) => this.items.some((item) => item.id === id),
      update: (items, gone, total) => {
        this.items = withoutItems(mergeItems(this.items, items, -Infinity), gone);
        if (total !== null) this.total = total;
      },
    },
  );

  /** Each arrives ten minutes after the one before. */
  add(count: number, state = 'complete', gap = 600_000): string[] {
    const made = Array.from({ length: count }, () => {
      const number = this.arrivals++;
      const time = new Date(START + number * gap).toISOString();
      const processing = { state, message: '', updated_at: '' };
      const asset = { asset_id: `a${number}`, upload_time: time, taken_time: time, processing } as Asset;
      this.assets.set(asset.asset_id, asset);
      return asset.asset_id;
    });
    return made;
  }

  change(id: string, fields: Partial<Asset>): void {
    this.assets.set(id, { ...this.assets.get(id)!, ...fields });
  }

  show(): void {
    this.items = mergeItems([], [...this.assets.values()].map(itemOf), -Infinity);
    this.total = this.assets.size;
  }

  hear(ids: string[], is_deleted = false): void {
    const changed = ids.map((id): AssetChange => ({
      asset_id: id,
      repository_id: 'r',
      state: 'complete',
      is_deleted,
    }));
    this.freshness.hear({ changed, truncated: false });
  }

  doubt(): void {
    this.freshness.hear({ changed: [], truncated: true });
  }

  shownState(id: string): string | undefined {
    return this.items.find((item) => item.id === id)?.asset.processing.state;
  }

  private ask(what: string): void {
    if (this.away) throw new Error('away');
    this.requests.push(what);
  }
}

describe('Freshness', () => {
  let world: World;

  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    world = new World();
  });

  afterEach(() => vi.useRealTimers());

  async function settled(ms = 60_000) {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** What a page does when it opens: a first look, and then all is known. */
  async function opened() {
    world.doubt();
    world.show();
    await settled();
    world.requests.length = 0;
  }

  it('asks nothing while nothing happens', async () => {
    world.add(3);
    await opened();
    await settled(3_600_000);
    expect(world.requests).toEqual([]);
  });

  it('updates what is shown without counting anew', async () => {
    const [id] = world.add(3, 'processing');
    await opened();
    world.change(id!, { processing: { state: 'complete', message: '', updated_at: 'x' } });
    world.hear([id!]);
    await settled();
    expect(world.shownState(id!)).toBe('complete');
    expect(world.requests).toEqual(['ids 1']);
  });

  it('inserts what is new at its place and counts', async () => {
    world.add(3);
    await opened();
    const [id] = world.add(1);
    world.change(id!, { taken_time: '2031-07-04T09:15:00Z' });
    world.hear([id!]);
    await settled();
    expect(world.items.map((item) => item.id)).toEqual(['a2', 'a3', 'a1', 'a0']);
    expect(world.total).toBe(4);
  });

  it('removes what was deleted, also when nobody said so', async () => {
    const ids = world.add(4);
    await opened();
    for (const id of ids.slice(0, 2)) world.assets.delete(id);
    world.hear([ids[0]!], true);
    world.hear([ids[1]!]);
    await settled();
    expect(world.items.map((item) => item.id)).toEqual(['a3', 'a2']);
    expect(world.total).toBe(2);
  });

  it('shows again what was restored right after its deletion', async () => {
    const [id] = world.add(1);
    await opened();
    world.hear([id!], true);
    world.hear([id!]);
    await settled();
    expect(world.items).toHaveLength(1);
  });

  it('brings an expected upload before anybody tells of it', async () => {
    await opened();
    const [id] = world.add(1, 'processing');
    world.freshness.expect(id!);
    await settled(100);
    expect(world.shownState(id!)).toBe('processing');
  });

  it('asks for thousands in bounded steps, those in sight first', async () => {
    const ids = world.add(2_000, 'processing', 10);
    await opened();
    for (const id of ids)
      world.change(id, { processing: { state: 'complete', message: '', updated_at: 'x' } });
    world.freshness.look(ids.slice(1_500, 1_540));
    for (let i = 0; i < ids.length; i += 100) world.hear(ids.slice(i, i + 100));
    await settled(100);
    expect(world.requests).toEqual(['ids 100']);
    expect(world.shownState(ids[1_520]!)).toBe('complete');
    await settled(10_000);
    expect(world.requests.length).toBeLessThanOrEqual(12);
    await settled(30_000);
    expect(world.requests).toHaveLength(20);
    expect(world.items.every((item) => item.asset.processing.state === 'complete')).toBe(true);
  });

  it('after a gap reads what was added back to what it knew, and no further', async () => {
    world.add(1_000, 'complete', 600_000);
    await opened();
    const ids = world.add(250, 'complete', 600_000);
    world.doubt();
    await settled();
    expect(world.requests).toEqual(['recent 0', 'recent 100', 'recent 200']);
    expect(world.items).toHaveLength(1_250);
    world.requests.length = 0;
    world.doubt();
    await settled();
    expect(world.requests).toEqual(['recent 0']);
    expect(ids.every((id) => world.items.some((item) => item.id === id))).toBe(true);
  });

  it('does not read again after a gap what the news had told of', async () => {
    world.add(10);
    await opened();
    world.hear(world.add(300));
    await settled();
    world.requests.length = 0;
    world.doubt();
    await settled();
    expect(world.requests).toEqual(['recent 0']);
  });

  it('starts over when there is another gap while it reads', async () => {
    world.add(10);
    await opened();
    world.add(150);
    world.doubt();
    await settled(100);
    const late = world.add(120);
    world.doubt();
    await settled();
    expect(late.every((id) => world.items.some((item) => item.id === id))).toBe(true);
    expect(world.items).toHaveLength(280);
  });

  it('after a gap checks what is still at work at once and the rest when it is looked at', async () => {
    const ids = world.add(300);
    const [busy] = world.add(1, 'processing');
    await opened();
    const removed = ids[10]!;
    world.assets.delete(removed);
    world.change(busy!, { processing: { state: 'failed', message: '', updated_at: 'x' } });
    world.freshness.look(ids.slice(200, 210));
    world.doubt();
    await settled();
    expect(world.shownState(busy!)).toBe('failed');
    expect(world.requests).toEqual(['ids 11', 'recent 0']);
    expect(world.items).toHaveLength(301);
    world.freshness.look(ids.slice(5, 15));
    await settled();
    expect(world.items).toHaveLength(300);
    world.requests.length = 0;
    world.freshness.look(ids.slice(5, 15));
    await settled();
    expect(world.requests).toEqual([]);
  });

  it('keeps what it could not ask for and tries again', async () => {
    const [id] = world.add(1);
    await opened();
    world.assets.delete(id!);
    world.away = true;
    world.hear([id!]);
    await settled(4_000);
    world.away = false;
    await settled(10_000);
    expect(world.items).toEqual([]);
    expect(world.total).toBe(0);
  });

  it('forgets on reset what it was about to ask', async () => {
    world.hear(world.add(1));
    await settled(40);
    world.freshness.reset();
    await settled();
    expect(world.requests).toEqual([]);
  });

  it('passes over answers that come after a reset', async () => {
    let answer = () => {};
    world.held = new Promise((resolve) => (answer = resolve));
    world.hear(world.add(1));
    await settled(100);
    expect(world.requests).toEqual(['ids 1']);
    world.freshness.reset();
    answer();
    await settled();
    expect(world.items).toEqual([]);
    expect(world.requests).toEqual(['ids 1']);
  });
});
