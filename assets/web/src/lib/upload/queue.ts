import { ACTIVE, FINISHED, type Picked, type Progress, type UploadEntry, type UploadState } from './entry';
import { randomId } from './ids';

/** How a file fared. */
export interface Outcome {
  status: 'processing' | 'duplicate';
  assetId: string | null;
}

export interface Running {
  signal: AbortSignal;
  /** Bytes that are through, from the beginning. */
  progress(bytes: number): void;
  stalled(is: boolean): void;
  /** Hash or session are known now and worth remembering. */
  remember(known: Partial<Progress>): void;
}

export interface Work {
  /** Looks whether the library has the file already; null when it does not, or when that cannot be told. */
  check(entry: UploadEntry, run: Running): Promise<Outcome | null>;
  send(entry: UploadEntry, run: Running): Promise<Outcome>;
  /** Lets the server forget what has arrived of a file that was cancelled. */
  discard(session: string): void;
  describe(error: unknown): string;
}

export interface Totals {
  /** All but the cancelled ones. */
  files: number;
  finished: number;
  counts: Readonly<Record<UploadState, number>>;
  active: boolean;
  bytes: number;
  bytesThrough: number;
  /** Share of the bytes that are through, 0 to 1. */
  part: number;
  /** Bytes that went out, those of broken attempts included. */
  sent: number;
}

export type Arrival = Picked & { repository: string; remembered?: Progress & { key: string } };

export const STATES: readonly UploadState[] = [
  'sending',
  'checking',
  'failed',
  'paused',
  'waiting',
  'processing',
  'duplicate',
  'added',
  'cancelled',
];

/** So many files are looked at before their turn to be sent; more would read the disk for nothing. */
const AHEAD = 100;

/**
 * Takes files through checking and sending, some at a time. Knows nothing of the page or the network; `changed` is
 * called with every entry that changed. What it does for one event does not grow with the number of files.
 */
export class UploadQueue {
  private readonly byState = Object.fromEntries(
    STATES.map((state) => [state, new Set<UploadEntry>()]),
  ) as Record<UploadState, Set<UploadEntry>>;
  private readonly byId = new Map<number, UploadEntry>();
  private readonly byAsset = new Map<string, UploadEntry>();
  private readonly running = new Map<number, AbortController>();
  /** Those in `waiting` that have been checked, in order. */
  private readonly ready = new Set<UploadEntry>();
  private readonly unchecked = new Set<UploadEntry>();
  private nextId = 1;
  private bytes = 0;
  private through = 0;
  private sent = 0;

  constructor(
    private readonly work: Work,
    private readonly changed: (entry: UploadEntry) => void,
    public lanes = { check: 2, send: 3 },
  ) {}

  add(arrivals: readonly Arrival[]): UploadEntry[] {
    const entries = arrivals.map((arrival) => this.enter(arrival));
    this.pump();
    return entries;
  }

  pause(id: number): void {
    const entry = this.byId.get(id);
    if (entry && ACTIVE.has(entry.state)) this.halt(entry, 'paused');
    this.pump();
  }

  resume(id: number): void {
    const entry = this.byId.get(id);
    if (entry?.state === 'paused') this.requeue(entry);
    this.pump();
  }

  cancel(id: number): void {
    const entry = this.byId.get(id);
    if (entry && !FINISHED.has(entry.state)) this.halt(entry, 'cancelled');
    this.pump();
  }

  retry(id: number): void {
    const entry = this.byId.get(id);
    if (entry?.state === 'failed' || entry?.state === 'cancelled') this.requeue(entry);
    this.pump();
  }

  pauseAll(): void {
    for (const state of ACTIVE) for (const entry of [...this.byState[state]]) this.halt(entry, 'paused');
  }

  resumeAll(): void {
    for (const entry of [...this.byState.paused]) this.requeue(entry);
    this.pump();
  }

  cancelAll(): void {
    for (const state of [...ACTIVE, 'paused' as const])
      for (const entry of [...this.byState[state]]) this.halt(entry, 'cancelled');
  }

  retryFailed(): void {
    for (const entry of [...this.byState.failed]) this.requeue(entry);
    this.pump();
  }

  clearFinished(): void {
    for (const state of FINISHED) for (const entry of [...this.byState[state]]) this.forget(entry);
  }

  /** Stops everything and lets go of it, without a word to `changed`. */
  drop(): void {
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
    for (const entry of [...this.byId.values()]) this.forget(entry);
  }

  /** The server has prepared an asset, or given up on it; the original is safe either way. */
  prepared(assetId: string, faulty: boolean): void {
    const entry = this.byAsset.get(assetId);
    if (entry?.state !== 'processing') return;
    entry.faulty = faulty;
    this.move(entry, 'added');
  }

  /** The assets that the server still works on. */
  processing(): string[] {
    return [...this.byState.processing].map((entry) => entry.assetId!);
  }

  totals(): Totals {
    const counts = Object.fromEntries(STATES.map((state) => [state, this.byState[state].size])) as Record<
      UploadState,
      number
    >;
    const files = this.byId.size - counts.cancelled;
    const finished = counts.processing + counts.added + counts.duplicate + counts.failed;
    return {
      files,
      finished,
      counts,
      active: counts.waiting + counts.checking + counts.sending > 0,
      bytes: this.bytes,
      bytesThrough: this.through,
      part: this.bytes ? this.through / this.bytes : 0,
      sent: this.sent,
    };
  }

  /** The first entries in those states, the most interesting first. */
  list(states: readonly UploadState[], limit: number): UploadEntry[] {
    const found: UploadEntry[] = [];
    for (const state of states)
      for (const entry of this.byState[state]) {
        if (found.length >= limit) return found;
        found.push(entry);
      }
    return found;
  }

  /** Whether anything is under way that a reload of the page would cut off for good. */
  some(condition: (entry: UploadEntry) => boolean): boolean {
    for (const state of ACTIVE) for (const entry of this.byState[state]) if (condition(entry)) return true;
    return false;
  }

  private enter({ file, folder, source, repository, remembered }: Arrival): UploadEntry {
    const entry: UploadEntry = {
      id: this.nextId++,
      key: remembered?.key ?? randomId(),
      file,
      folder,
      source,
      repository,
      hash: remembered?.hash ?? null,
      session: remembered?.session ?? '',
      chunkSize: remembered?.chunkSize ?? 0,
      state: 'waiting',
      message: '',
      faulty: false,
      assetId: null,
      checkedBytes: 0,
      sentBytes: 0,
      stalled: false,
    };
    this.byId.set(entry.id, entry);
    this.byState.waiting.add(entry);
    this.unchecked.add(entry);
    this.bytes += weight(entry);
    this.changed(entry);
    return entry;
  }

  private forget(entry: UploadEntry): void {
    this.account(entry, () => (entry.state = 'cancelled'));
    for (const set of [...Object.values(this.byState), this.ready, this.unchecked]) set.delete(entry);
    this.byId.delete(entry.id);
    if (entry.assetId) this.byAsset.delete(entry.assetId);
  }

  /** Back to the end of the line; what was learnt about it is kept. */
  private requeue(entry: UploadEntry): void {
    entry.message = '';
    entry.checkedBytes = 0;
    this.move(entry, 'waiting', () => (entry.sentBytes = 0));
    this.unchecked.add(entry);
  }

  private halt(entry: UploadEntry, state: 'paused' | 'cancelled'): void {
    const controller = this.running.get(entry.id);
    this.running.delete(entry.id);
    const { session } = entry;
    // Whoever changes their mind begins anew.
    if (state === 'cancelled') entry.session = '';
    this.move(entry, state);
    controller?.abort();
    if (state === 'cancelled' && session) this.work.discard(session);
  }

  private move(entry: UploadEntry, state: UploadState, adjust?: () => void): void {
    this.byState[entry.state].delete(entry);
    this.unchecked.delete(entry);
    this.ready.delete(entry);
    this.account(entry, () => {
      adjust?.();
      entry.state = state;
    });
    entry.stalled = false;
    this.byState[state].add(entry);
    this.changed(entry);
  }

  /** Keeps the sums of bytes right over a change of one entry. */
  private account(entry: UploadEntry, change: () => void): void {
    this.bytes -= weight(entry);
    this.through -= bytesThrough(entry);
    change();
    this.bytes += weight(entry);
    this.through += bytesThrough(entry);
  }

  private pump(): void {
    for (const entry of this.ready) {
      if (this.byState.sending.size >= this.lanes.send) break;
      void this.send(entry);
    }
    for (const entry of this.unchecked) {
      // What waits for an answer about its hash is still being checked, but takes no lane.
      if (this.hashing >= this.lanes.check) break;
      if (this.byState.checking.size + this.ready.size >= AHEAD) break;
      void this.check(entry);
    }
  }

  private get hashing(): number {
    let count = 0;
    for (const entry of this.byState.checking) if (!entry.hash) count++;
    return count;
  }

  private async check(entry: UploadEntry): Promise<void> {
    const outcome = await this.run(entry, 'checking', (running) => this.work.check(entry, running));
    if (outcome === STOPPED) return;
    if (outcome) this.settle(entry, outcome);
    else {
      this.move(entry, 'waiting');
      this.ready.add(entry);
    }
    this.pump();
  }

  private async send(entry: UploadEntry): Promise<void> {
    const outcome = await this.run(entry, 'sending', (running) => this.work.send(entry, running));
    if (outcome === STOPPED) return;
    this.settle(entry, outcome);
    this.pump();
  }

  private settle(entry: UploadEntry, outcome: Outcome): void {
    entry.assetId = outcome.assetId;
    if (outcome.assetId && outcome.status === 'processing') this.byAsset.set(outcome.assetId, entry);
    if (outcome.status === 'duplicate') this.move(entry, 'duplicate');
    else this.move(entry, outcome.assetId ? 'processing' : 'added');
  }

  /** Does one step of an entry; STOPPED when it was halted meanwhile or failed. */
  private async run<T>(
    entry: UploadEntry,
    state: UploadState,
    step: (running: Running) => Promise<T>,
  ): Promise<T | typeof STOPPED> {
    const controller = new AbortController();
    this.running.set(entry.id, controller);
    this.move(entry, state);
    const live = () => this.running.get(entry.id) === controller;
    try {
      const result = await step(this.reporter(entry, controller.signal, live));
      return live() ? result : STOPPED;
    } catch (error) {
      if (!live()) return STOPPED;
      entry.message = this.work.describe(error);
      this.move(entry, 'failed');
      this.pump();
      return STOPPED;
    } finally {
      if (live()) this.running.delete(entry.id);
    }
  }

  private reporter(entry: UploadEntry, signal: AbortSignal, live: () => boolean): Running {
    const when = (change: () => void) => {
      if (!live()) return;
      change();
      this.changed(entry);
    };
    return {
      signal,
      progress: (bytes) =>
        when(() => {
          if (entry.state === 'checking') {
            entry.checkedBytes = bytes;
            return;
          }
          this.sent += Math.max(0, bytes - entry.sentBytes);
          this.account(entry, () => (entry.sentBytes = bytes));
        }),
      stalled: (is) => when(() => (entry.stalled = is)),
      remember: (known) =>
        when(() => {
          Object.assign(entry, known);
          this.pump();
        }),
    };
  }
}

const STOPPED = Symbol('stopped');

/** An empty file still is a step of its own. */
function weight(entry: UploadEntry): number {
  return entry.state === 'cancelled' ? 0 : Math.max(1, entry.file.size);
}

function bytesThrough(entry: UploadEntry): number {
  if (FINISHED.has(entry.state)) return weight(entry);
  return Math.min(entry.sentBytes, weight(entry));
}
