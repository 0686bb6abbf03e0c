export interface Chunk {
  index: number;
  start: number;
  end: number;
}

/** More pieces than this the server does not count. */
export const MOST_CHUNKS = 1_000_000;

/** The pieces of a file of `size` bytes, in order; the last one may be shorter. */
export function planChunks(size: number, chunkSize: number): Chunk[] {
  if (!(chunkSize > 0)) throw new RangeError('chunks need a size');
  const total = Math.max(1, Math.ceil(size / chunkSize));
  return Array.from({ length: total }, (_, index) => ({
    index,
    start: index * chunkSize,
    end: Math.min(size, (index + 1) * chunkSize),
  }));
}

/**
 * What is still to be sent. When everything is there, the last chunk all the same: sending it again is harmless
 * and answered with what became of the file.
 */
export function missingChunks(chunks: readonly Chunk[], received: Iterable<number>): Chunk[] {
  const there = new Set(received);
  const missing = chunks.filter((chunk) => !there.has(chunk.index));
  return missing.length ? missing : chunks.slice(-1);
}

export function bytesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
}
