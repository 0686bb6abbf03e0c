import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Preparation } from './preparation';

describe('Preparation', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { hidden: false });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function harness(count: number) {
    const awaited = Array.from({ length: count }, (_, index) => String(index));
    const states = new Map<string, string | null>();
    const stateOf = vi.fn(async (id: string) => states.get(id) ?? (states.has(id) ? null : 'processing'));
    const preparation = new Preparation(
      () => awaited,
      stateOf,
      (id) => {
        const index = awaited.indexOf(id);
        if (index >= 0) awaited.splice(index, 1);
      },
    );
    return { awaited, states, stateOf, preparation };
  }

  it('asks for the oldest now and then, until all are prepared or gone', async () => {
    const { awaited, states, stateOf, preparation } = harness(2);
    preparation.watch();
    preparation.watch();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(stateOf.mock.calls).toEqual([['0'], ['1']]);
    states.set('0', 'warning').set('1', null);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(awaited).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stateOf).toHaveBeenCalledTimes(4);
  });

  it('asks for a few at once only, not while hidden, and survives failures', async () => {
    const { awaited, stateOf, preparation } = harness(500);
    stateOf.mockRejectedValue(new Error('offline'));
    preparation.watch();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(stateOf).toHaveBeenCalledTimes(12);
    vi.stubGlobal('document', { hidden: true });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(stateOf).toHaveBeenCalledTimes(12);
    expect(awaited).toHaveLength(500);
  });

  it('hears of changes, and asks when there were more than are listed', async () => {
    const { awaited, stateOf, preparation } = harness(3);
    preparation.hear({
      changed: [
        { asset_id: '0', state: 'processing' },
        { asset_id: '1', state: 'failed' },
        { asset_id: '2', state: 'processing', is_deleted: true },
        { asset_id: 'another', state: 'complete' },
      ],
      truncated: false,
    });
    expect(awaited).toEqual(['0']);
    expect(stateOf).not.toHaveBeenCalled();
    preparation.hear({ changed: [], truncated: true });
    expect(stateOf.mock.calls).toEqual([['0']]);
  });
});
