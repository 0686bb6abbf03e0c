import type { BatchUploadResult, UploadAccepted, UploadConfig } from '../../api/types';
import { ApiError, OfflineError } from '../../api/errors';
import type { Transfer } from '../../api/upload';
import { bytesOf, missingChunks, MOST_CHUNKS, planChunks, type Chunk } from './chunks';
import { FileUnreadable, type UploadEntry } from './entry';
import { randomId } from './ids';
import type { Outcome, Running } from './queue';
import { retrying, type Link } from './retrying';
import { Slots } from './slots';

export type Config = Pick<UploadConfig, 'chunk_size' | 'max_concurrent' | 'max_in_flight_requests'>;

/** The calls that sending needs. */
export interface Wire {
  config(signal: AbortSignal): Promise<Config>;
  /** The chunks of a session that are there. */
  received(session: string, signal: AbortSignal): Promise<number[]>;
  file(file: File, repository: string, transfer: Transfer): Promise<UploadAccepted>;
  chunk(
    bytes: Blob,
    fileName: string,
    field: string,
    repository: string,
    transfer: Transfer,
  ): Promise<BatchUploadResult>;
}

/** Where the server does not say. */
const FALLBACK: Config = { chunk_size: 5 << 20, max_concurrent: 3, max_in_flight_requests: 3 };
const CONFIG_VALID_MS = 30_000;

/** Gets one file to the server: small ones whole, larger ones in chunks, whatever the connection does meanwhile. */
export class Sender {
  private readonly slots = new Slots(FALLBACK.max_in_flight_requests);
  private known: { config: Config; at: number } | undefined;
  /** Assets that came from here: finding one of them again means that the same file was sent twice. */
  private readonly brought = new Set<string>();

  constructor(
    private readonly wire: Wire,
    private readonly link: Link,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async send(entry: UploadEntry, run: Running): Promise<Outcome> {
    const config = await this.config(run.signal);
    this.slots.limit = Math.max(1, config.max_in_flight_requests);
    const inChunks = entry.session || entry.file.size > config.chunk_size;
    const outcome = await (inChunks ? this.inChunks(entry, run, config) : this.whole(entry, run));
    if (outcome.assetId && outcome.status === 'processing') this.brought.add(outcome.assetId);
    return outcome;
  }

  private async config(signal: AbortSignal): Promise<Config> {
    if (!this.known || this.now() - this.known.at > CONFIG_VALID_MS) {
      try {
        this.known = { config: await this.wire.config(signal), at: this.now() };
      } catch (error) {
        if (signal.aborted) throw error;
        return this.known?.config ?? FALLBACK;
      }
    }
    return this.known.config;
  }

  private async whole({ file, repository, hash }: UploadEntry, run: Running): Promise<Outcome> {
    const size = file.size;
    let attempts = 0;
    const answer = await this.persist(file, run, (attempt) => {
      attempts = attempt + 1;
      return this.wire.file(file, repository, {
        signal: run.signal,
        progress: (bytes) => run.progress(Math.min(size, bytes)),
      });
    });
    const assetId = answer.asset_id ?? null;
    // The precheck did not know it: the attempt whose answer was lost had brought it.
    const ours = attempts > 1 && hash && assetId && !this.brought.has(assetId);
    return { status: answer.status === 'duplicate' && !ours ? 'duplicate' : 'processing', assetId };
  }

  private async inChunks(entry: UploadEntry, run: Running, config: Config): Promise<Outcome> {
    const { file } = entry;
    let received: number[] = [];
    if (entry.session)
      received = await this.persist(file, run, () => this.wire.received(entry.session, run.signal));
    else
      run.remember({
        session: randomId(),
        chunkSize: Math.max(config.chunk_size, Math.ceil(file.size / MOST_CHUNKS)),
      });
    const plan = planChunks(file.size, entry.chunkSize);
    const missing = missingChunks(plan, received);
    const tally = new Tally(file.size - bytesOf(missing), run.progress);
    const outcome = await this.sendAll(entry, run, missing, plan.length, tally, config.max_concurrent);
    // All were taken, but by the time each was answered another one was still on its way.
    return outcome ?? (await this.sendAll(entry, run, plan.slice(-1), plan.length, tally, 1)) ?? lost();
  }

  private async sendAll(
    entry: UploadEntry,
    run: Running,
    chunks: readonly Chunk[],
    total: number,
    tally: Tally,
    parallel: number,
  ): Promise<Outcome | null> {
    const line = [...chunks];
    // Ends the other chunks when one fails, or all when the file is halted.
    const ending = new AbortController();
    const halt = () => ending.abort(run.signal.reason);
    run.signal.addEventListener('abort', halt, { once: true });
    const parts = { ...run, signal: ending.signal };
    let outcome: Outcome | null = null;
    let acknowledged = 0;
    const worker = async () => {
      for (let chunk = line.shift(); chunk; chunk = line.shift()) {
        const result = await this.sendOne(entry, parts, chunk, total, tally);
        if (!result.success) {
          // Refused from the start: another attempt had better begin a session of its own.
          if (!acknowledged) run.remember({ session: '', chunkSize: 0 });
          throw new ApiError(200, result.error || result.message || '');
        }
        acknowledged++;
        tally.done(chunk);
        if (result.status === 'processing' || result.status === 'duplicate')
          outcome = { status: result.status, assetId: result.asset_id ?? null };
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
    } finally {
      ending.abort();
      run.signal.removeEventListener('abort', halt);
    }
    return outcome;
  }

  private sendOne(
    entry: UploadEntry,
    run: Running,
    chunk: Chunk,
    total: number,
    tally: Tally,
  ): Promise<BatchUploadResult> {
    return this.persist(entry.file, run, () =>
      this.wire.chunk(
        entry.file.slice(chunk.start, chunk.end),
        entry.file.name,
        `chunk_${entry.session}_${chunk.index}_${total}`,
        entry.repository,
        { signal: run.signal, progress: (bytes) => tally.sending(chunk, bytes) },
      ),
    );
  }

  /** One request, again and again while the connection is to blame; no slot is held while waiting. */
  private persist<T>(file: File, run: Running, task: (attempt: number) => Promise<T>): Promise<T> {
    return retrying(
      async (attempt) => {
        try {
          return await this.slots.use(run.signal, () => task(attempt));
        } catch (error) {
          // Browsers report a file that cannot be read like a broken connection.
          if (error instanceof OfflineError) await readable(file);
          throw error;
        }
      },
      this.link,
      run.signal,
      run.stalled,
    );
  }
}

/** Bytes of one file over all its chunks: those that are through and those under way. */
class Tally {
  private readonly underWay = new Map<number, number>();

  constructor(
    private through: number,
    private readonly progress: (bytes: number) => void,
  ) {
    progress(through);
  }

  sending(chunk: Chunk, bytes: number): void {
    // The form around the bytes counts, too.
    this.underWay.set(chunk.index, Math.min(chunk.end - chunk.start, bytes));
    this.tell();
  }

  done(chunk: Chunk): void {
    this.underWay.delete(chunk.index);
    this.through += chunk.end - chunk.start;
    this.tell();
  }

  private tell(): void {
    let sum = this.through;
    for (const bytes of this.underWay.values()) sum += bytes;
    this.progress(sum);
  }
}

/** Raises FileUnreadable when the file is not what it was when it was chosen. */
export async function readable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    const gone = error instanceof DOMException && error.name === 'NotFoundError';
    throw new FileUnreadable(gone ? 'gone' : 'changed');
  }
}

function lost(): never {
  throw new ApiError(200, '', 'no outcome');
}
