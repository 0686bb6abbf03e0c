import type { Question, Reply } from './hash.worker';

interface Pending {
  worker: Worker;
  progress(bytes: number): void;
  resolve(hash: string | null): void;
}

/** Content hashes from a few workers; null for any file whose hash cannot be had, for whatever reason. */
export class Hasher {
  private readonly workers: Worker[] = [];
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private broken = false;

  constructor(
    readonly size: number,
    private readonly start: () => Worker = startWorker,
  ) {}

  hash(file: File, progress: (bytes: number) => void, signal: AbortSignal): Promise<string | null> {
    const worker = this.pick();
    if (!worker) return Promise.resolve(null);
    const id = this.nextId++;
    return new Promise((resolve) => {
      const cancel = () => {
        worker.postMessage({ id, cancel: true } satisfies Question);
        this.settle(id, null);
      };
      this.pending.set(id, {
        worker,
        progress,
        resolve: (hash) => {
          signal.removeEventListener('abort', cancel);
          resolve(hash);
        },
      });
      signal.addEventListener('abort', cancel, { once: true });
      worker.postMessage({ id, file } satisfies Question);
    });
  }

  /** The worker with the least to do; a new one while there may be more. */
  private pick(): Worker | null {
    if (this.broken) return null;
    const load = new Map(this.workers.map((worker) => [worker, 0]));
    for (const { worker } of this.pending.values()) load.set(worker, (load.get(worker) ?? 0) + 1);
    const [idlest] = [...load].sort((a, b) => a[1] - b[1]);
    if (idlest && (idlest[1] === 0 || this.workers.length >= this.size)) return idlest[0];
    return this.begin();
  }

  private begin(): Worker | null {
    try {
      const worker = this.start();
      worker.onmessage = ({ data }: MessageEvent<Reply>) => this.take(data);
      worker.onerror = () => this.breakDown();
      this.workers.push(worker);
      return worker;
    } catch {
      this.breakDown();
      return null;
    }
  }

  private take(reply: Reply): void {
    if ('bytes' in reply) this.pending.get(reply.id)?.progress(reply.bytes);
    else this.settle(reply.id, 'hash' in reply ? reply.hash : null);
  }

  private settle(id: number, hash: string | null): void {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.resolve(hash);
  }

  private breakDown(): void {
    this.broken = true;
    for (const id of [...this.pending.keys()]) this.settle(id, null);
    for (const worker of this.workers) worker.terminate();
  }
}

function startWorker(): Worker {
  return new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' });
}
