import { createBLAKE3 } from 'hash-wasm';

export type Question = { id: number; file: File } | { id: number; cancel: true };
export type Reply =
  { id: number; bytes: number } | { id: number; hash: string } | { id: number; error: string };

const BLOCK = 4 << 20;
const TELL_MS = 100;

// The types of a page and those of a worker exclude each other; this is all that is needed.
const scope = self as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(message: Reply): void;
};
const cancelled = new Set<number>();
let line: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ('cancel' in data) cancelled.add(data.id);
  // One after the other: the hasher holds one state, and a disk reads one file best.
  else line = line.then(() => answer(data.id, data.file));
};

async function answer(id: number, file: File): Promise<void> {
  try {
    const hash = await hashOf(id, file);
    if (hash) scope.postMessage({ id, hash });
  } catch (error) {
    scope.postMessage({ id, error: String(error) });
  } finally {
    cancelled.delete(id);
  }
}

async function hashOf(id: number, file: File): Promise<string | null> {
  const hasher = await createBLAKE3();
  hasher.init();
  const read = (start: number) => file.slice(start, start + BLOCK).arrayBuffer();
  let told = 0;
  let next = read(0);
  for (let start = 0; start < file.size; start += BLOCK) {
    const block = await next;
    if (cancelled.has(id)) return null;
    // The disk is busy while the processor is.
    if (start + BLOCK < file.size) next = read(start + BLOCK);
    hasher.update(new Uint8Array(block));
    if (performance.now() - told > TELL_MS) {
      told = performance.now();
      scope.postMessage({ id, bytes: Math.min(file.size, start + BLOCK) });
    }
  }
  return hasher.digest('hex');
}
