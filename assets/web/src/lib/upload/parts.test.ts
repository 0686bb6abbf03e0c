import { describe, expect, it, vi } from 'vitest';
import { Hasher } from './hasher';
import { randomId } from './ids';
import { Precheck, type AskServer } from './precheck';
import { Slots } from './slots';
import { Speed } from './speed';

describe('Slots', () => {
  it('lets so many in, in order, and forgets those who leave the line', async () => {
    const slots = new Slots(1);
    const done: string[] = [];
    const leaving = new AbortController();
    let release = () => {};
    const first = slots.use(new AbortController().signal, () => new Promise<void>((go) => (release = go)));
    const second = slots.use(leaving.signal, async () => void done.push('second'));
    const third = slots.use(new AbortController().signal, async () => void done.push('third'));
    leaving.abort();
    await expect(second).rejects.toThrow();
    release();
    await Promise.all([first, third]);
    expect(done).toEqual(['third']);
  });

  it('frees the slot of a task that fails', async () => {
    const slots = new Slots(1);
    const { signal } = new AbortController();
    await expect(slots.use(signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.use(signal, async () => 'next')).toBe('next');
  });
});

describe('Precheck', () => {
  it('asks once for what came together, for each repository', async () => {
    vi.useFakeTimers();
    const server = vi.fn<AskServer>(async (hashes) =>
      hashes.map((hash) => ({ hash, exists: hash === 'a', ...(hash === 'a' && { asset_id: 'asset' }) })),
    );
    const precheck = new Precheck(server);
    const answers = Promise.all([
      precheck.ask('a', ''),
      precheck.ask('b', ''),
      precheck.ask('a', ''),
      precheck.ask('a', 'other'),
    ]);
    await vi.advanceTimersByTimeAsync(200);
    expect(await answers).toEqual(['asset', null, 'asset', 'asset']);
    expect(server.mock.calls).toEqual([
      [['a', 'b'], ''],
      [['a'], 'other'],
    ]);
    vi.useRealTimers();
  });

  it('does not wait when enough have come together', async () => {
    const server = vi.fn<AskServer>(async () => []);
    const precheck = new Precheck(server);
    await Promise.all(Array.from({ length: 100 }, (_, index) => precheck.ask(String(index), '')));
    expect(server).toHaveBeenCalledOnce();
  });

  it('knows of nothing when the server does not answer', async () => {
    expect(await new Precheck(() => Promise.reject(new Error('offline'))).ask('a', '')).toBeNull();
  });
});

describe('Hasher', () => {
  class FakeWorker {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: (() => void) | null = null;
    readonly asked: { id: number }[] = [];
    postMessage = (message: { id: number }) => this.asked.push(message);
    terminate = vi.fn();
    say = (data: unknown) => this.onmessage?.({ data });
  }

  function harness(size: number) {
    const workers: FakeWorker[] = [];
    const hasher = new Hasher(size, () => {
      workers.push(new FakeWorker());
      return workers.at(-1) as unknown as Worker;
    });
    const hash = (signal = new AbortController().signal) =>
      hasher.hash(new File(['x'], 'a'), () => {}, signal);
    return { workers, hash };
  }

  it('spreads files over its workers', async () => {
    const { workers, hash } = harness(2);
    const hashes = [hash(), hash(), hash()];
    expect(workers.map((worker) => worker.asked.length)).toEqual([2, 1]);
    for (const worker of workers) for (const { id } of worker.asked) worker.say({ id, hash: `hash ${id}` });
    expect(await Promise.all(hashes)).toEqual(['hash 1', 'hash 2', 'hash 3']);
  });

  it('goes without when a file fails, when it is halted, and when workers do not start', async () => {
    const { workers, hash } = harness(1);
    const failing = hash();
    workers[0]!.say({ id: 1, error: 'unreadable' });
    expect(await failing).toBeNull();
    const halted = new AbortController();
    const cancelled = hash(halted.signal);
    halted.abort();
    expect(await cancelled).toBeNull();
    expect(workers[0]!.asked.at(-1)).toEqual({ id: 2, cancel: true });
    const pending = hash();
    workers[0]!.onerror!();
    expect(await pending).toBeNull();
    expect(await hash()).toBeNull();
    const none = new Hasher(1, () => {
      throw new Error('no workers here');
    });
    expect(await none.hash(new File([], 'a'), () => {}, new AbortController().signal)).toBeNull();
  });
});

describe('Speed', () => {
  it('says nothing at first and then the mean of the last seconds', () => {
    let now = 0;
    const speed = new Speed(() => now);
    expect(speed.at(0)).toBeNull();
    for (now = 1_000; now <= 10_000; now += 1_000) speed.at(now * 5);
    expect(speed.at(now * 5)).toBeCloseTo(5_000);
    for (now = 12_000; now <= 40_000; now += 1_000) speed.at(60_000);
    expect(speed.at(60_000)).toBeCloseTo(0);
  });
});

describe('randomId', () => {
  it('is a version 4 UUID', () => {
    const ids = new Set(Array.from({ length: 100 }, randomId));
    expect(ids.size).toBe(100);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
