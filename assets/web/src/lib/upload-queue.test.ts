import { describe, expect, it } from 'vitest';
import type { UploadAccepted } from '../api/types';
import { UploadQueue, type SendFile } from './upload-queue';

function accepted(status: 'processing' | 'duplicate' = 'processing'): UploadAccepted {
  return { task_id: 1, status, file_name: '', size: 1, content_hash: '', message: '', asset_id: 'id' };
}

interface Pending {
  name: string;
  resolve: (answer: UploadAccepted) => void;
  reject: (error: unknown) => void;
  progress: (sent: number) => void;
  signal: AbortSignal;
}

function harness() {
  const pending: Pending[] = [];
  const send: SendFile = (file, progress, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      pending.push({ name: file.name, resolve, reject, progress, signal });
    });
  const queue = new UploadQueue(
    send,
    () => {},
    (error) => (error as Error).message,
  );
  return { queue, pending };
}

const files = (...names: string[]) => names.map((name) => new File(['12345678'], name));
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('UploadQueue', () => {
  it('sends three at a time and goes on by itself', async () => {
    const { queue, pending } = harness();
    queue.add(files('a', 'b', 'c', 'd'));
    expect(pending.map((p) => p.name)).toEqual(['a', 'b', 'c']);
    pending[1]!.resolve(accepted('duplicate'));
    await settle();
    expect(pending.map((p) => p.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.entries[1]!.state).toBe('duplicate');
  });

  it('counts progress in bytes', async () => {
    const { queue, pending } = harness();
    queue.add(files('a', 'b'));
    pending[0]!.progress(4);
    expect(queue.totals()).toMatchObject({ files: 2, finished: 0, active: true, part: 0.25 });
    pending[0]!.resolve(accepted());
    pending[1]!.resolve(accepted());
    await settle();
    expect(queue.totals()).toMatchObject({ finished: 2, added: 2, active: false, part: 1 });
  });

  it('cancels what is under way and leaves the rest alone', async () => {
    const { queue, pending } = harness();
    queue.add(files('a', 'b', 'c', 'd'));
    queue.cancel(queue.entries[0]!.id);
    await settle();
    expect(pending[0]!.signal.aborted).toBe(true);
    expect(queue.entries.map((entry) => entry.state)).toEqual(['cancelled', 'sending', 'sending', 'sending']);
  });

  it('cancels everything without starting more', async () => {
    const { queue, pending } = harness();
    queue.add(files('a', 'b', 'c', 'd', 'e'));
    queue.cancelAll();
    await settle();
    expect(pending).toHaveLength(3);
    expect(new Set(queue.entries.map((entry) => entry.state))).toEqual(new Set(['cancelled']));
  });

  it('keeps the reason of a refusal and can try again', async () => {
    const { queue, pending } = harness();
    queue.add(files('a'));
    pending[0]!.reject(new Error('Unsupported'));
    await settle();
    expect(queue.entries[0]).toMatchObject({ state: 'failed', message: 'Unsupported' });
    expect(queue.totals()).toMatchObject({ failed: 1, active: false });
    queue.retryFailed();
    expect(queue.entries[0]).toMatchObject({ state: 'sending', message: '', sent: 0 });
    pending[1]!.resolve(accepted());
    await settle();
    expect(queue.entries[0]).toMatchObject({ state: 'added', assetId: 'id' });
  });

  it('retries a cancelled file even while its old transfer is still ending', async () => {
    const { queue, pending } = harness();
    queue.add(files('a'));
    queue.cancel(1);
    queue.retry(1);
    await settle();
    expect(pending).toHaveLength(2);
    pending[1]!.resolve(accepted());
    await settle();
    expect(queue.entries[0]!.state).toBe('added');
  });

  it('clears what is finished', async () => {
    const { queue, pending } = harness();
    queue.add(files('a', 'b'));
    pending[0]!.resolve(accepted());
    await settle();
    queue.clearFinished();
    expect(queue.entries.map((entry) => entry.name)).toEqual(['b']);
  });
});
