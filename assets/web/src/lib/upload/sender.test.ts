import { describe, expect, it, vi } from 'vitest';
import { ApiError, OfflineError } from '../../api/errors';
import type { BatchUploadResult, UploadAccepted } from '../../api/types';
import type { UploadEntry } from './entry';
import type { Progress } from './entry';
import type { Running } from './queue';
import { Sender, type Config, type Wire } from './sender';
import { backoff, type Link } from './retrying';

const CONFIG: Config = { chunk_size: 4, max_concurrent: 2, max_in_flight_requests: 3 };

function accepted(status: UploadAccepted['status'] = 'processing', assetId = 'asset'): UploadAccepted {
  return { task_id: 1, status, file_name: '', size: 1, content_hash: '', message: '', asset_id: assetId };
}

function entryOf(content: string, known: Partial<UploadEntry> = {}): UploadEntry {
  return {
    id: 1,
    key: 'key',
    file: new File([content], 'a.jpg'),
    folder: '',
    source: undefined,
    repository: '',
    hash: 'ff',
    session: '',
    chunkSize: 0,
    state: 'sending',
    message: '',
    faulty: false,
    assetId: null,
    checkedBytes: 0,
    sentBytes: 0,
    stalled: false,
    ...known,
  };
}

function runOf(entry: UploadEntry) {
  const controller = new AbortController();
  const sums: number[] = [];
  const stalls: boolean[] = [];
  const run: Running = {
    signal: controller.signal,
    progress: (bytes) => sums.push(bytes),
    stalled: (is) => stalls.push(is),
    remember: (known: Partial<Progress>) => Object.assign(entry, known),
  };
  return { run, sums, stalls, controller };
}

/** A server in memory that keeps chunks by session, and can be told to fail. */
class FakeServer implements Wire {
  readonly sessions = new Map<string, Map<number, string>>();
  readonly sent: string[] = [];
  readonly whole: string[] = [];
  refuse = '';
  /** Errors for the next requests, in order; null lets one through. */
  failures: (Error | null)[] = [];
  /** The request is taken, but its answer is lost. */
  loseAnswers = 0;
  inFlight = 0;
  most = 0;

  config = async () => CONFIG;

  received = async (session: string) => [...(this.sessions.get(session)?.keys() ?? [])];

  file: Wire['file'] = async (file) => {
    await this.request();
    const content = await file.text();
    const known = this.whole.includes(content);
    this.whole.push(content);
    this.maybeLose();
    return accepted(known ? 'duplicate' : 'processing');
  };

  chunk: Wire['chunk'] = async (bytes, fileName, field, _repository, { progress }) => {
    await this.request();
    const [, session = '', index, total] = field.split('_');
    if (this.refuse) return { success: false, file_name: fileName, content_hash: '', error: this.refuse };
    progress(bytes.size + 100);
    const text = await bytes.text();
    const chunks = this.sessions.get(session) ?? new Map<number, string>();
    this.sessions.set(session, chunks.set(Number(index), text));
    this.sent.push(`${index}/${total}`);
    this.maybeLose();
    const complete = chunks.size === Number(total);
    return {
      success: true,
      file_name: fileName,
      content_hash: '',
      status: complete ? 'processing' : 'uploading',
      ...(complete && { asset_id: 'asset' }),
    } as BatchUploadResult;
  };

  content(session: string): string {
    return [...this.sessions.get(session)!]
      .sort(([a], [b]) => a - b)
      .map(([, text]) => text)
      .join('');
  }

  private async request(): Promise<void> {
    this.most = Math.max(this.most, ++this.inFlight);
    await Promise.resolve();
    this.inFlight--;
    const failure = this.failures.shift();
    if (failure) throw failure;
  }

  private maybeLose(): void {
    if (this.loseAnswers-- > 0) throw new OfflineError();
  }
}

function linkOf(up = false) {
  const waits: number[] = [];
  const link: Link = {
    up: () => up,
    restored: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
    },
  };
  return { link, waits };
}

describe('Sender', () => {
  it('sends a small file whole and a large one in chunks', async () => {
    const server = new FakeServer();
    const sender = new Sender(server, linkOf().link);
    const small = entryOf('1234');
    expect(await sender.send(small, runOf(small).run)).toEqual({ status: 'processing', assetId: 'asset' });
    expect(server.whole).toEqual(['1234']);

    const large = entryOf('abcdefghij');
    const { run, sums } = runOf(large);
    expect(await sender.send(large, run)).toEqual({ status: 'processing', assetId: 'asset' });
    expect(server.content(large.session)).toBe('abcdefghij');
    expect(server.sent.sort()).toEqual(['0/3', '1/3', '2/3']);
    expect(large.chunkSize).toBe(4);
    expect(Math.max(...sums)).toBe(10);
  });

  it('keeps to the number of requests that the server advises', async () => {
    const server = new FakeServer();
    const sender = new Sender(server, linkOf().link);
    const entries = ['1', '2', '3'].map((text) => entryOf(text.repeat(40)));
    await Promise.all(entries.map((entry) => sender.send(entry, runOf(entry).run)));
    expect(server.most).toBe(3);
  });

  it('goes on with the chunk size it began with and sends only what is missing', async () => {
    const server = new FakeServer();
    server.sessions.set(
      's',
      new Map([
        [0, 'ab'],
        [3, 'gh'],
      ]),
    );
    const entry = entryOf('abcdefghij', { session: 's', chunkSize: 2 });
    const { run, sums } = runOf(entry);
    await new Sender(server, linkOf().link).send(entry, run);
    expect(server.sent.sort()).toEqual(['1/5', '2/5', '4/5']);
    expect(server.content('s')).toBe('abcdefghij');
    expect(sums[0]).toBe(4);
  });

  it('asks with one chunk what became of a session that is complete', async () => {
    const server = new FakeServer();
    server.sessions.set(
      's',
      new Map([
        [0, 'abcd'],
        [1, 'ef'],
      ]),
    );
    const entry = entryOf('abcdef', { session: 's', chunkSize: 4 });
    expect(await new Sender(server, linkOf().link).send(entry, runOf(entry).run)).toEqual({
      status: 'processing',
      assetId: 'asset',
    });
    expect(server.sent).toEqual(['1/2']);
  });

  it('sends again what a broken connection swallowed, later each time, and nothing else', async () => {
    const server = new FakeServer();
    server.failures = [null, new OfflineError(), new OfflineError(), new ApiError(503, 'starting')];
    const { link, waits } = linkOf();
    const entry = entryOf('abcdefghij');
    const { run, stalls } = runOf(entry);
    await new Sender({ ...wire(server), config: async () => ({ ...CONFIG, max_concurrent: 1 }) }, link).send(
      entry,
      run,
    );
    expect(server.sent).toEqual(['0/3', '1/3', '2/3']);
    expect(waits).toHaveLength(3);
    expect(waits[2]!).toBeGreaterThan(waits[0]!);
    expect(stalls.at(-1)).toBe(false);
  });

  it('knows its own file again when only the answer was lost', async () => {
    const server = new FakeServer();
    server.loseAnswers = 1;
    const sender = new Sender(server, linkOf().link);
    const entry = entryOf('1');
    expect(await sender.send(entry, runOf(entry).run)).toMatchObject({ status: 'processing' });
    expect(server.whole).toEqual(['1', '1']);
    // The very same file once more is a duplicate of it.
    server.loseAnswers = 1;
    const twin = entryOf('1');
    expect(await sender.send(twin, runOf(twin).run)).toMatchObject({ status: 'duplicate' });
  });

  it('loses patience when the server answers everything else', async () => {
    const server = new FakeServer();
    server.failures = Array.from({ length: 50 }, () => new ApiError(503, 'The disk is away'));
    const { link, waits } = linkOf(true);
    const entry = entryOf('1');
    await expect(new Sender(server, link).send(entry, runOf(entry).run)).rejects.toThrow('The disk is away');
    expect(waits).toHaveLength(7);
  });

  it('has endless patience while the server is away altogether', async () => {
    const server = new FakeServer();
    server.failures = Array.from({ length: 50 }, () => new OfflineError());
    const { link, waits } = linkOf(false);
    const entry = entryOf('1');
    expect(await new Sender(server, link).send(entry, runOf(entry).run)).toMatchObject({ assetId: 'asset' });
    expect(waits).toHaveLength(50);
    expect(Math.max(...waits)).toBeLessThan(40_000);
  });

  it('begins a new session after a refusal that came at once', async () => {
    const server = new FakeServer();
    server.refuse = 'Chunk 0 of this upload was received before with other content';
    const entry = entryOf('abcdefghij', { session: 's', chunkSize: 4 });
    await expect(new Sender(server, linkOf().link).send(entry, runOf(entry).run)).rejects.toThrow(
      server.refuse,
    );
    expect(entry.session).toBe('');
  });

  it('does not take a file that cannot be read for a broken connection', async () => {
    const server = new FakeServer();
    server.failures = [new OfflineError()];
    const entry = entryOf('1');
    vi.spyOn(entry.file, 'slice').mockReturnValue({
      arrayBuffer: () => Promise.reject(new DOMException('', 'NotFoundError')),
    } as unknown as Blob);
    const { link, waits } = linkOf();
    await expect(new Sender(server, link).send(entry, runOf(entry).run)).rejects.toMatchObject({
      reason: 'gone',
    });
    expect(waits).toEqual([]);
  });

  it('stops in the middle when it is halted', async () => {
    const server = new FakeServer();
    const entry = entryOf('abcdefghij');
    const { run, controller } = runOf(entry);
    const sending = new Sender(
      { ...wire(server), chunk: () => (controller.abort(), Promise.reject(new OfflineError())) },
      linkOf().link,
    ).send(entry, run);
    await expect(sending).rejects.toThrow();
    expect(server.sent).toEqual([]);
  });
});

describe('backoff', () => {
  it('doubles up to half a minute and is scattered', () => {
    expect([0, 1, 2, 9].map((attempt) => backoff(attempt, () => 0.5))).toEqual([1000, 2000, 4000, 30_000]);
    expect(backoff(0, () => 0)).toBe(750);
  });
});

function wire({ config, received, file, chunk }: FakeServer): Wire {
  return { config, received, file, chunk };
}
