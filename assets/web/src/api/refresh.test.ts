import { describe, expect, it, vi } from 'vitest';
import { Refresher, type Exclusive } from './refresh';
import type { Tokens, TokenStore } from './tokens';

function memory(initial: Tokens | null): TokenStore & { value: Tokens | null } {
  const store = {
    value: initial,
    read: () => store.value,
    write: (tokens: Tokens | null) => void (store.value = tokens),
  };
  return store;
}

const alone: Exclusive = (task) => task();
const old = { access: 'a1', csrf: 'c1' };
const fresh = { access: 'a2', csrf: 'c1' };

describe('Refresher', () => {
  it('sends one renewal for parallel calls', async () => {
    const store = memory(old);
    const renew = vi.fn(async () => fresh);
    const refresher = new Refresher(store, renew, alone);
    const results = await Promise.all([1, 2, 3].map(() => refresher.refresh('a1')));
    expect(results).toEqual([fresh, fresh, fresh]);
    expect(renew).toHaveBeenCalledExactlyOnceWith(old);
    expect(store.value).toEqual(fresh);
  });

  it('takes what another call or tab has renewed already', async () => {
    const renew = vi.fn(async () => null);
    expect(await new Refresher(memory(fresh), renew, alone).refresh('a1')).toEqual(fresh);
    expect(renew).not.toHaveBeenCalled();
  });

  it('looks again once it holds the lock', async () => {
    const store = memory(old);
    const renew = vi.fn(async () => fresh);
    const slow: Exclusive = async (task) => {
      store.value = fresh;
      return task();
    };
    expect(await new Refresher(store, renew, slow).refresh('a1')).toEqual(fresh);
    expect(renew).not.toHaveBeenCalled();
  });

  it('clears the session when the renewal is refused', async () => {
    const store = memory(old);
    expect(await new Refresher(store, async () => null, alone).refresh('a1')).toBeNull();
    expect(store.value).toBeNull();
  });

  it('survives losing the race to a tab it cannot lock out', async () => {
    const store = memory(old);
    const renew = async () => {
      store.value = fresh;
      return null;
    };
    expect(await new Refresher(store, renew, alone).refresh('a1')).toEqual(fresh);
    expect(store.value).toEqual(fresh);
  });

  it('keeps the session when the server is away, and tries again later', async () => {
    const store = memory(old);
    const renew = vi
      .fn<(tokens: Tokens) => Promise<Tokens | null>>()
      .mockRejectedValueOnce(new Error('away'));
    const refresher = new Refresher(store, renew, alone);
    await expect(refresher.refresh('a1')).rejects.toThrow('away');
    expect(store.value).toEqual(old);
    renew.mockResolvedValueOnce(fresh);
    expect(await refresher.refresh('a1')).toEqual(fresh);
  });
});
