import { describe, expect, it } from 'vitest';
import { bytesOf, missingChunks, planChunks } from './chunks';

describe('planChunks', () => {
  it.each([
    [10, 4, [4, 4, 2]],
    [8, 4, [4, 4]],
    [3, 4, [3]],
    [0, 4, [0]],
  ])('cuts %i bytes into pieces of %i', (size, chunkSize, lengths) => {
    const chunks = planChunks(size, chunkSize);
    expect(chunks.map((chunk) => chunk.end - chunk.start)).toEqual(lengths);
    expect(chunks.map((chunk) => chunk.index)).toEqual(lengths.map((_, index) => index));
    expect(chunks[0]!.start).toBe(0);
    expect(bytesOf(chunks)).toBe(size);
  });

  it('counts in numbers that bitwise arithmetic would spoil', () => {
    const chunks = planChunks(5 * 2 ** 40, 20 * 2 ** 20);
    expect(chunks).toHaveLength(262_144);
    expect(chunks.at(-1)).toEqual({ index: 262_143, start: 262_143 * 20 * 2 ** 20, end: 5 * 2 ** 40 });
  });

  it.each([0, -1, NaN])('refuses chunks of %d bytes', (size) => {
    expect(() => planChunks(10, size)).toThrow(RangeError);
  });
});

describe('missingChunks', () => {
  const chunks = planChunks(10, 2);

  it('leaves out what is there, whatever else is claimed', () => {
    expect(missingChunks(chunks, [3, 0, 17, 3]).map((chunk) => chunk.index)).toEqual([1, 2, 4]);
  });

  it('asks with the last one when everything is there', () => {
    expect(missingChunks(chunks, [0, 1, 2, 3, 4]).map((chunk) => chunk.index)).toEqual([4]);
  });
});
