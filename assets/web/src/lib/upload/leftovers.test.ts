import { describe, expect, it } from 'vitest';
import type { Picked } from './entry';
import { matchLeftovers, reopen, type Leftover } from './leftovers';

function leftover(key: string, known: Partial<Leftover> = {}): Leftover {
  return {
    key,
    account: '1',
    page: 'p',
    order: 0,
    name: 'a.jpg',
    size: 3,
    lastModified: 1000,
    folder: '',
    repository: '',
    hash: null,
    session: '',
    chunkSize: 0,
    handle: null,
    steps: [],
    paused: false,
    ...known,
  };
}

function picked(name: string, { folder = '', lastModified = 1000, content = 'abc' } = {}): Picked {
  return { file: new File([content], name, { lastModified }), folder };
}

describe('matchLeftovers', () => {
  it('knows a file by its name, size and time', () => {
    const one = leftover('1');
    const file = picked('a.jpg');
    const others = [
      picked('b.jpg'),
      picked('a.jpg', { lastModified: 2000 }),
      picked('a.jpg', { content: 'abcd' }),
    ];
    expect([...matchLeftovers([...others, file], [one])]).toEqual([[file, one]]);
  });

  it('prefers the same folder, and takes another one when it came without', () => {
    const inside = leftover('1', { folder: 'Trip' });
    const outside = leftover('2');
    const file = picked('a.jpg');
    const same = picked('a.jpg', { folder: 'Trip' });
    const matches = matchLeftovers([file, same], [inside, outside]);
    expect(matches.get(file)).toBe(outside);
    expect(matches.get(same)).toBe(inside);
    expect(matchLeftovers([file], [inside]).get(file)).toBe(inside);
  });

  it('gives each leftover to one file only', () => {
    const files = [picked('a.jpg'), picked('a.jpg')];
    expect(matchLeftovers(files, [leftover('1')]).size).toBe(1);
    expect(matchLeftovers(files, [leftover('1'), leftover('2')]).size).toBe(2);
  });
});

describe('reopen', () => {
  const file = new File(['abc'], 'a.jpg');
  const handle = { getFile: async () => file } as unknown as FileSystemFileHandle;
  const folder = {
    getDirectoryHandle: async (name: string) =>
      name === 'Day 1' ? folder : Promise.reject(new DOMException('', 'NotFoundError')),
    getFileHandle: async (name: string) =>
      name === 'a.jpg' ? handle : Promise.reject(new DOMException('', 'NotFoundError')),
  } as unknown as FileSystemDirectoryHandle;

  it.each([
    [handle, [], file],
    [folder, ['a.jpg'], file],
    [folder, ['Day 1', 'a.jpg'], file],
    [folder, ['Day 2', 'a.jpg'], null],
    [folder, ['b.jpg'], null],
  ] as const)('follows the steps from a handle', async (root, steps, expected) => {
    expect(await reopen(root, steps)).toBe(expected);
  });
});
