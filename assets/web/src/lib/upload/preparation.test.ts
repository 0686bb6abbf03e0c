import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Preparation } from './preparation';

describe('Preparation', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function harness(count: number) {
    const awaited = Array.from({ length: count }, (_, index) => String(index));
    const states = new Map<string, string>(awaited.map((id) => [id, 'processing']));
    const statesOf = vi.fn(async (_ids: string[]): Promise<ReadonlyMap<string, string>> => states);
    const faulty: string[] = [];
    const preparation = new Preparation(
      () => [...awaited],
      statesOf,
      (id, isFaulty) => {
        const index = awaited.indexOf(id);
        if (index >= 0) awaited.splice(index, 1);
        if (isFaulty) faulty.push(id);
      },
    );
    return { awaited, faulty, states, statesOf, preparation };
  }

  it('hears of changes without asking', async () => {
    const { awaited, faulty, statesOf, preparation } = harness(3);
    preparation.hear({
      changed: [
        { asset_id: '0', repository_id: 'r', state: 'processing', is_deleted: false },
        { asset_id: '1', repository_id: 'r', state: 'failed', is_deleted: false },
        { asset_id: '2', repository_id: 'r', state: 'processing', is_deleted: true },
        { asset_id: 'another', repository_id: 'r', state: 'complete', is_deleted: false },
      ],
      truncated: false,
    });
    expect(awaited).toEqual(['0']);
    expect(faulty).toEqual(['1']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(statesOf).not.toHaveBeenCalled();
  });

  it('asks once for what is new, as its event may have come too early', async () => {
    const { awaited, faulty, states, statesOf, preparation } = harness(3);
    states.set('0', 'warning');
    states.delete('1');
    preparation.watch();
    preparation.watch();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(statesOf).toHaveBeenCalledTimes(1);
    expect(awaited).toEqual(['2']);
    expect(faulty).toEqual(['0']);
  });

  it('asks for all in groups when more changed than was listed, and survives failures', async () => {
    const { awaited, states, statesOf, preparation } = harness(250);
    statesOf.mockRejectedValueOnce(new Error('offline'));
    for (let i = 0; i < 20; i++) preparation.hear({ changed: [], truncated: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(statesOf.mock.calls.map(([ids]) => ids.length)).toEqual([100, 100, 50]);
    expect(awaited).toHaveLength(250);
    for (const id of states.keys()) states.set(id, 'complete');
    preparation.hear({ changed: [], truncated: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(awaited).toEqual([]);
  });
});
