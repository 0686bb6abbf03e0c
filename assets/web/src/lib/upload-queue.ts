import type { UploadAccepted } from '../api/types';

export type UploadState = 'waiting' | 'sending' | 'added' | 'duplicate' | 'failed' | 'cancelled';

export interface UploadEntry {
  id: number;
  name: string;
  size: number;
  state: UploadState;
  sent: number;
  message: string;
  assetId: string | null;
  file: File;
}

export type SendFile = (
  file: File,
  progress: (sent: number) => void,
  signal: AbortSignal,
) => Promise<UploadAccepted>;

export interface UploadTotals {
  files: number;
  finished: number;
  added: number;
  duplicates: number;
  failed: number;
  active: boolean;
  /** Share of the bytes that are through, 0 to 1. */
  part: number;
}

const FINISHED: ReadonlySet<UploadState> = new Set(['added', 'duplicate', 'failed', 'cancelled']);

/** Sends files a few at a time. Knows nothing of the page; `changed` is called after every change. */
export class UploadQueue {
  readonly entries: UploadEntry[] = [];
  private readonly running = new Map<number, AbortController>();
  private nextId = 1;

  constructor(
    private readonly send: SendFile,
    private readonly changed: (entry: UploadEntry | null) => void,
    private readonly describe: (error: unknown) => string,
    private readonly parallel = 3,
  ) {}

  add(files: readonly File[]): void {
    for (const file of files)
      this.entries.push({
        id: this.nextId++,
        name: file.name,
        size: file.size,
        state: 'waiting',
        sent: 0,
        message: '',
        assetId: null,
        file,
      });
    this.changed(null);
    this.pump();
  }

  cancel(id: number): void {
    const entry = this.find(id);
    if (!entry || FINISHED.has(entry.state)) return;
    this.finish(entry, 'cancelled');
    this.running.get(id)?.abort();
    this.pump();
  }

  retry(id: number): void {
    const entry = this.find(id);
    if (!entry || (entry.state !== 'failed' && entry.state !== 'cancelled')) return;
    Object.assign(entry, { state: 'waiting', sent: 0, message: '' });
    this.changed(entry);
    this.pump();
  }

  cancelAll(): void {
    // Waiting ones first, or each cancelled transfer would start the next.
    for (const entry of this.entries) if (entry.state === 'waiting') this.finish(entry, 'cancelled');
    for (const id of [...this.running.keys()]) this.cancel(id);
  }

  retryFailed(): void {
    for (const entry of this.entries) if (entry.state === 'failed') this.retry(entry.id);
  }

  clearFinished(): void {
    const kept = this.entries.filter((entry) => !FINISHED.has(entry.state));
    this.entries.splice(0, this.entries.length, ...kept);
    this.changed(null);
  }

  clear(): void {
    this.cancelAll();
    this.clearFinished();
  }

  totals(): UploadTotals {
    const totals = { files: 0, finished: 0, added: 0, duplicates: 0, failed: 0, active: false, part: 0 };
    let all = 0;
    let through = 0;
    for (const entry of this.entries) {
      if (entry.state === 'cancelled') continue;
      totals.files++;
      // An empty file still is a step of its own.
      const weight = Math.max(1, entry.size);
      all += weight;
      if (FINISHED.has(entry.state)) {
        totals.finished++;
        through += weight;
      } else {
        totals.active = true;
        through += Math.min(entry.sent, weight);
      }
      if (entry.state === 'added') totals.added++;
      if (entry.state === 'duplicate') totals.duplicates++;
      if (entry.state === 'failed') totals.failed++;
    }
    totals.part = all ? through / all : 0;
    return totals;
  }

  private find(id: number): UploadEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  private finish(entry: UploadEntry, state: UploadState, message = ''): void {
    entry.state = state;
    entry.message = message;
    this.changed(entry);
  }

  private pump(): void {
    for (const entry of this.entries) {
      if (this.running.size >= this.parallel) return;
      if (entry.state === 'waiting') void this.run(entry);
    }
  }

  private async run(entry: UploadEntry): Promise<void> {
    const controller = new AbortController();
    this.running.set(entry.id, controller);
    entry.state = 'sending';
    this.changed(entry);
    const live = () => this.running.get(entry.id) === controller && entry.state === 'sending';
    try {
      const answer = await this.send(
        entry.file,
        (sent) => {
          if (!live()) return;
          entry.sent = sent;
          this.changed(entry);
        },
        controller.signal,
      );
      if (live()) {
        entry.assetId = answer.asset_id ?? null;
        this.finish(entry, answer.status === 'duplicate' ? 'duplicate' : 'added');
      }
    } catch (error) {
      if (live()) this.finish(entry, 'failed', this.describe(error));
    } finally {
      if (this.running.get(entry.id) === controller) this.running.delete(entry.id);
      this.pump();
    }
  }
}
