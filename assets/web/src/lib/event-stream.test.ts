import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStream, type Connect } from './event-stream';

const READY = 'event: ready\ndata: {}\n\n';
const AGAIN = { changed: [], truncated: true };

/** A server whose streams the test feeds and ends. */
class FakeServer {
  readonly streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  readonly signals: AbortSignal[] = [];
  mode: 'answers' | 'away' | 'missing' = 'answers';

  connect: Connect = async (signal) => {
    this.signals.push(signal);
    if (this.mode === 'away') throw new Error('away');
    if (this.mode === 'missing') return null;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.streams.push(controller);
        signal.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    return new Response(body);
  };

  async say(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.streams.at(-1)!.enqueue(bytes);
    await vi.advanceTimersByTimeAsync(0);
  }

  async end(): Promise<void> {
    this.streams.at(-1)!.close();
    await vi.advanceTimersByTimeAsync(0);
  }
}

describe('EventStream', () => {
  let server: FakeServer;
  let stream: EventStream;
  let assets: ReturnType<typeof vi.fn<(news: unknown) => void>>;

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new FakeServer();
    stream = new EventStream(server.connect, () => 1);
    assets = vi.fn();
    stream.on('assets', assets);
    stream.open();
    await vi.advanceTimersByTimeAsync(0);
  });

  afterEach(() => {
    stream.close();
    vi.useRealTimers();
  });

  it('opens one connection, and none before it is asked to', async () => {
    stream.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.signals).toHaveLength(1);
    const idle = new FakeServer();
    new EventStream(idle.connect);
    expect(idle.signals).toHaveLength(0);
  });

  it('tells everybody to load again once it is ready', async () => {
    const jobs = vi.fn();
    stream.on('jobs', jobs);
    expect(assets).not.toHaveBeenCalled();
    await server.say(READY);
    expect(assets).toHaveBeenCalledExactlyOnceWith(AGAIN);
    expect(jobs).toHaveBeenCalledExactlyOnceWith(AGAIN);
  });

  it('hands news to its topic alone, also when it comes in pieces', async () => {
    const jobs = vi.fn();
    stream.on('jobs', jobs);
    const change = { asset_id: 'ü', repository_id: 'r', state: 'complete', is_deleted: false };
    const bytes = new TextEncoder().encode(
      `: beat\n\nevent: assets\ndata: {"changed": [${JSON.stringify(change)}], "truncated": false}\n\n`,
    );
    const cut = bytes.indexOf(0xc3) + 1;
    await server.say(bytes.slice(0, cut));
    expect(assets).not.toHaveBeenCalled();
    await server.say(bytes.slice(cut));
    expect(assets).toHaveBeenCalledExactlyOnceWith({ changed: [change], truncated: false });
    expect(jobs).not.toHaveBeenCalled();
  });

  it('takes news it cannot read as a reason to load again, and passes over unknown topics', async () => {
    await server.say('event: weather\ndata: {}\n\nevent: assets\ndata: {oops\n\n');
    expect(assets).toHaveBeenCalledExactlyOnceWith(AGAIN);
  });

  it('goes on when one subscriber breaks', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
    assets.mockImplementation(() => {
      throw new Error('broken');
    });
    const second = vi.fn();
    stream.on('assets', second);
    await server.say(READY);
    await server.say('event: assets\ndata: {"changed": []}\n\n');
    expect(second).toHaveBeenCalledTimes(2);
    expect(server.signals).toHaveLength(1);
    expect(complaint).toHaveBeenCalledTimes(2);
    complaint.mockRestore();
  });

  it('tells nothing after its subscription or the stream has ended', async () => {
    const jobs = vi.fn();
    stream.on('jobs', jobs)();
    await server.say(READY);
    expect(jobs).not.toHaveBeenCalled();
    stream.close();
    assets.mockClear();
    expect(server.signals[0]!.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(assets).not.toHaveBeenCalled();
    expect(server.signals).toHaveLength(1);
  });

  it('connects again when the stream ends, later after each failure, and soon again once it was ready', async () => {
    await server.say(READY);
    await server.end();
    await vi.advanceTimersByTimeAsync(999);
    expect(server.signals).toHaveLength(1);
    server.mode = 'away';
    await vi.advanceTimersByTimeAsync(1);
    expect(server.signals).toHaveLength(2);
    for (const [delay, attempts] of [
      [2_000, 3],
      [4_000, 4],
      [8_000, 5],
      [16_000, 6],
      [30_000, 7],
      [30_000, 8],
    ] as const) {
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(server.signals).toHaveLength(attempts - 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(server.signals).toHaveLength(attempts);
    }
    server.mode = 'answers';
    await vi.advanceTimersByTimeAsync(30_000);
    await server.say(READY);
    await server.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(server.signals).toHaveLength(10);
  });

  it('leaves half of each delay to chance', async () => {
    const eager = new EventStream(server.connect, () => 0);
    server.mode = 'away';
    eager.open();
    await vi.advanceTimersByTimeAsync(0);
    const before = server.signals.length;
    await vi.advanceTimersByTimeAsync(500);
    expect(server.signals).toHaveLength(before + 1);
    eager.close();
  });

  it('does not wait out the delay when the server has been heard of', async () => {
    server.mode = 'away';
    await server.end();
    await vi.advanceTimersByTimeAsync(20_000);
    const before = server.signals.length;
    stream.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.signals).toHaveLength(before + 1);
  });

  it('gives up a connection that is silent, but not one that beats', async () => {
    await server.say(READY);
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(15_000);
      await server.say(': beat\n\n');
    }
    expect(server.signals).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(41_000);
    expect(server.signals[0]!.aborted).toBe(true);
    expect(server.signals).toHaveLength(2);
  });

  it('asks everybody to load again now and then while it has no connection', async () => {
    server.mode = 'missing';
    await server.end();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(assets).toHaveBeenCalledTimes(3);
    expect(assets).toHaveBeenLastCalledWith(AGAIN);
    expect(server.signals).toHaveLength(2);
    server.mode = 'answers';
    await vi.advanceTimersByTimeAsync(300_000);
    await server.say(READY);
    assets.mockClear();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(assets).not.toHaveBeenCalled();
  });
});
