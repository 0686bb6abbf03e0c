import { describe, expect, it } from 'vitest';
import type { Outcome, Running } from './queue';
import { UploadQueue } from './queue';
import type { UploadEntry } from './entry';

interface Step {
  kind: 'check' | 'send';
  entry: UploadEntry;
  run: Running;
  resolve: (outcome: Outcome | null) => void;
  reject: (error: unknown) => void;
}

const ADDED: Outcome = { status: 'processing', assetId: 'asset' };

function harness(lanes = { check: 2, send: 3 }) {
  const steps: Step[] = [];
  const begin = (kind: Step['kind'], entry: UploadEntry, run: Running) =>
    new Promise<Outcome | null>((resolve, reject) => {
      run.signal.addEventListener('abort', () => reject(new Error('aborted')));
      steps.push({ kind, entry, run, resolve, reject });
    });
  let changes = 0;
  const discarded: string[] = [];
  const queue = new UploadQueue(
    {
      check: (entry, run) => begin('check', entry, run),
      send: async (entry, run) => (await begin('send', entry, run))!,
      discard: (session) => void discarded.push(session),
      describe: (error) => (error as Error).message,
    },
    () => changes++,
    lanes,
  );
  const names = (kind: Step['kind']) =>
    steps.filter((step) => step.kind === kind).map((step) => step.entry.file.name);
  /** Answers the latest open step of that kind for a file. */
  const answer = async (kind: Step['kind'], name: string, outcome: Outcome | null | Error) => {
    const step = steps.findLast((one) => one.kind === kind && one.entry.file.name === name)!;
    if (outcome instanceof Error) step.reject(outcome);
    else step.resolve(outcome);
    await settle();
    return step;
  };
  const last = (kind: Step['kind'], name: string) =>
    steps.findLast((one) => one.kind === kind && one.entry.file.name === name)!;
  const add = (...files: string[]) =>
    queue.add(files.map((name) => ({ file: new File(['12345678'], name), folder: '', repository: '' })));
  return { queue, steps, names, answer, last, add, discarded, changes: () => changes };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('UploadQueue', () => {
  it('checks some at a time, sends what is not there and goes on by itself', async () => {
    const { names, answer, add } = harness();
    const [a, b] = add('a', 'b', 'c');
    expect(names('check')).toEqual(['a', 'b']);
    await answer('check', 'b', { status: 'duplicate', assetId: 'old' });
    expect(names('check')).toEqual(['a', 'b', 'c']);
    expect(b).toMatchObject({ state: 'duplicate', assetId: 'old' });
    await answer('check', 'a', null);
    expect(names('send')).toEqual(['a']);
    await answer('send', 'a', ADDED);
    expect(a).toMatchObject({ state: 'processing', assetId: 'asset' });
    expect(names('send')).toEqual(['a']);
  });

  it('frees the lane of a check as soon as the hash is known', () => {
    const { names, last, add } = harness({ check: 1, send: 1 });
    add('a', 'b');
    expect(names('check')).toEqual(['a']);
    last('check', 'a').run.remember({ hash: 'ff' });
    expect(names('check')).toEqual(['a', 'b']);
  });

  it('does not run further ahead of sending than is useful', async () => {
    const { queue, names, steps, add } = harness({ check: 4, send: 1 });
    add(...Array.from({ length: 300 }, (_, index) => String(index)));
    for (let round = 0; round < 200; round++) {
      for (const step of steps.filter((one) => one.kind === 'check')) step.resolve(null);
      await settle();
    }
    expect(names('check')).toHaveLength(101);
    expect(queue.totals().counts.sending).toBe(1);
  });

  it('counts bytes, and takes back what a broken attempt had sent', async () => {
    const { queue, answer, last, add } = harness();
    add('a', 'b');
    await answer('check', 'a', null);
    await answer('check', 'b', null);
    last('send', 'a').run.progress(4);
    expect(queue.totals()).toMatchObject({ files: 2, bytes: 16, bytesThrough: 4, part: 0.25, sent: 4 });
    last('send', 'a').run.progress(2);
    expect(queue.totals()).toMatchObject({ bytesThrough: 2, sent: 4 });
    await answer('send', 'a', ADDED);
    await answer('send', 'b', ADDED);
    expect(queue.totals()).toMatchObject({ finished: 2, active: false, part: 1, bytesThrough: 16 });
  });

  it('pauses one file and takes it up again with what it knew', async () => {
    const { queue, answer, last, names, add } = harness();
    const [a] = add('a');
    last('check', 'a').run.remember({ hash: 'ff' });
    await answer('check', 'a', null);
    last('send', 'a').run.remember({ session: 's', chunkSize: 4 });
    queue.pause(a!.id);
    await settle();
    expect(last('send', 'a').run.signal.aborted).toBe(true);
    expect(a!.state).toBe('paused');
    expect(queue.totals().active).toBe(false);
    queue.resume(a!.id);
    expect(a).toMatchObject({ state: 'checking', hash: 'ff', session: 's', chunkSize: 4 });
    await answer('check', 'a', null);
    expect(names('send')).toEqual(['a', 'a']);
  });

  it('pauses and resumes all without starting anything between', async () => {
    const { queue, steps, add } = harness();
    add('a', 'b', 'c', 'd', 'e');
    queue.pauseAll();
    await settle();
    expect(steps).toHaveLength(2);
    expect(queue.totals().counts.paused).toBe(5);
    queue.resumeAll();
    expect(queue.totals().counts).toMatchObject({ paused: 0, checking: 2, waiting: 3 });
  });

  it('cancels paused and running files alike, and leaves the rest alone', async () => {
    const { queue, answer, last, add } = harness();
    const [a, b, c] = add('a', 'b', 'c');
    queue.pause(b!.id);
    await answer('check', 'a', null);
    queue.cancel(a!.id);
    queue.cancel(b!.id);
    await settle();
    expect(last('send', 'a').run.signal.aborted).toBe(true);
    expect([a!.state, b!.state, c!.state]).toEqual(['cancelled', 'cancelled', 'checking']);
    expect(queue.totals()).toMatchObject({ files: 1, bytes: 8 });
  });

  it('lets the server forget what was sent of a cancelled file, and begins anew after that', async () => {
    const { queue, answer, last, add, discarded } = harness();
    const [a, b] = add('a', 'b');
    await answer('check', 'a', null);
    last('send', 'a').run.remember({ session: 'one', chunkSize: 4 });
    queue.pause(a!.id);
    expect(discarded).toEqual([]);
    queue.cancel(a!.id);
    queue.cancel(b!.id);
    expect(discarded).toEqual(['one']);
    queue.retry(a!.id);
    expect(a).toMatchObject({ state: 'checking', session: '' });
  });

  it('cancels everything without starting more', async () => {
    const { queue, steps, add } = harness();
    add('a', 'b', 'c', 'd', 'e');
    queue.cancelAll();
    await settle();
    expect(steps).toHaveLength(2);
    expect(queue.totals().counts.cancelled).toBe(5);
  });

  it('keeps the reason of a refusal and can try again', async () => {
    const { queue, answer, add } = harness();
    const [a] = add('a');
    await answer('check', 'a', null);
    await answer('send', 'a', new Error('Unsupported'));
    expect(a).toMatchObject({ state: 'failed', message: 'Unsupported' });
    expect(queue.totals()).toMatchObject({ active: false, finished: 1 });
    queue.retryFailed();
    expect(a).toMatchObject({ state: 'checking', message: '', sentBytes: 0 });
    await answer('check', 'a', null);
    await answer('send', 'a', ADDED);
    expect(a!.state).toBe('processing');
  });

  it('is not disturbed by an old attempt that ends late', async () => {
    const { queue, steps, add } = harness();
    const [a] = add('a');
    queue.cancel(a!.id);
    queue.retry(a!.id);
    expect(steps).toHaveLength(2);
    steps[0]!.run.progress(8);
    steps[0]!.run.remember({ hash: 'old' });
    steps[0]!.resolve({ status: 'duplicate', assetId: 'wrong' });
    await settle();
    expect(a).toMatchObject({ state: 'checking', hash: null, checkedBytes: 0, assetId: null });
  });

  it('shows files as being prepared until somebody tells of the end', async () => {
    const { queue, answer, add } = harness();
    const [a] = add('a');
    await answer('check', 'a', null);
    await answer('send', 'a', ADDED);
    expect(a!.state).toBe('processing');
    expect(queue.processing()).toEqual(['asset']);
    queue.prepared('another', false);
    queue.prepared('asset', true);
    expect(a).toMatchObject({ state: 'added', faulty: true });
    expect(queue.totals().finished).toBe(1);
  });

  it('clears what is finished and keeps the sums right', async () => {
    const { queue, answer, add } = harness();
    add('a', 'b');
    await answer('check', 'a', null);
    await answer('send', 'a', ADDED);
    queue.clearFinished();
    expect(queue.list(['checking', 'added'], 10).map((entry) => entry.file.name)).toEqual(['b']);
    expect(queue.totals()).toMatchObject({ files: 1, bytes: 8, bytesThrough: 0 });
  });

  it('does the same few things for an event however many files there are', async () => {
    const { queue, answer, last, changes, add } = harness();
    add('first', ...Array.from({ length: 10_000 }, (_, index) => String(index)));
    await answer('check', 'first', null);
    const before = changes();
    for (let bytes = 1; bytes <= 8; bytes++) last('send', 'first').run.progress(bytes);
    expect(changes() - before).toBe(8);
    expect(queue.list(['sending', 'waiting'], 5)).toHaveLength(5);
    expect(queue.totals()).toMatchObject({ files: 10_001, bytesThrough: 8 });
  });

  it('drops everything silently when somebody signs out', async () => {
    const { queue, last, changes, add } = harness();
    add('a', 'b', 'c');
    const before = changes();
    queue.drop();
    await settle();
    expect(last('check', 'a').run.signal.aborted).toBe(true);
    expect(changes()).toBe(before);
    expect(queue.totals()).toMatchObject({ files: 0, bytes: 0, active: false });
  });
});
