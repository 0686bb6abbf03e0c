import { describe, expect, it } from 'vitest';
import { fromDrop, fromFolderPicker, fromPaste, isMediaName } from './gather';

type Tree = { [name: string]: Tree | string | null };

/** File system entries as browsers give them; null stands for what cannot be read. */
function entryOf(name: string, content: Tree | string | null): FileSystemEntry {
  if (typeof content === 'string' || content === null) {
    return {
      name,
      isDirectory: false,
      file: (done: (file: File) => void, failed: () => void) =>
        content === null ? failed() : done(new File([content], name)),
    } as unknown as FileSystemEntry;
  }
  const children = Object.entries(content).map(([child, inside]) => entryOf(child, inside));
  return {
    name,
    isDirectory: true,
    createReader: () => ({
      readEntries: (done: (part: FileSystemEntry[]) => void) => done(children.splice(0, 100)),
    }),
  } as unknown as FileSystemEntry;
}

function dropOf(tree: Tree, handles?: Record<string, FileSystemHandle>): DataTransfer {
  const items = Object.entries(tree).map(([name, content]) => ({
    kind: 'file',
    webkitGetAsEntry: () => entryOf(name, content),
    getAsFile: () => (typeof content === 'string' ? new File([content], name) : null),
    ...(handles && { getAsFileSystemHandle: async () => handles[name] ?? null }),
  }));
  return { items, files: [] } as unknown as DataTransfer;
}

describe('fromDrop', () => {
  it('walks folders in the order of names and says what it left out', async () => {
    const { picked, skipped, unreadable } = await fromDrop(
      dropOf({
        Trip: {
          'img10.jpg': 'x',
          'img2.jpg': 'x',
          '.hidden.jpg': 'x',
          'Thumbs.db': 'x',
          'notes.txt': 'x',
          'lost.jpg': null,
          'Day 1': { 'a.HEIC': 'x', 'clip.doc': 'x' },
        },
        'single.txt': 'x',
      }),
    );
    expect(picked.map(({ file, folder }) => `${folder}|${file.name}`)).toEqual([
      'Trip/Day 1|a.HEIC',
      'Trip|img2.jpg',
      'Trip|img10.jpg',
      '|single.txt',
    ]);
    expect(skipped).toEqual(['Trip/Day 1/clip.doc', 'Trip/notes.txt']);
    expect(unreadable).toEqual(['Trip/lost.jpg']);
  });

  it('reads on until a folder is at its end', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`${index}.jpg`, 'x']));
    const counts: number[] = [];
    const { picked } = await fromDrop(dropOf({ many }), (count) => counts.push(count));
    expect(picked).toHaveLength(250);
    expect(picked[249]!.file.name).toBe('249.jpg');
    expect(counts.at(-1)).toBe(250);
  });

  it('keeps the handles that lead back to the files', async () => {
    const handles = { Trip: { name: 'Trip' }, 'a.jpg': { name: 'a.jpg' } } as unknown as Record<
      string,
      FileSystemHandle
    >;
    const { picked } = await fromDrop(dropOf({ Trip: { 'Day 1': { 'b.jpg': 'x' } }, 'a.jpg': 'x' }, handles));
    expect(picked.map(({ source }) => source)).toEqual([
      { handle: handles.Trip, steps: ['Day 1', 'b.jpg'] },
      { handle: handles['a.jpg'], steps: [] },
    ]);
  });
});

describe('fromFolderPicker', () => {
  it('keeps the folders and leaves out what is no media', () => {
    const file = (path: string) => {
      const made = new File(['x'], path.split('/').at(-1)!);
      Object.defineProperty(made, 'webkitRelativePath', { value: path });
      return made;
    };
    const { picked, skipped } = fromFolderPicker([
      file('Trip/b.jpg'),
      file('Trip/Day 1/a.jpg'),
      file('Trip/notes.txt'),
      file('Trip/.DS_Store'),
    ]);
    expect(picked.map(({ folder, file }) => `${folder}|${file.name}`)).toEqual([
      'Trip|b.jpg',
      'Trip/Day 1|a.jpg',
    ]);
    expect(skipped).toEqual(['Trip/notes.txt']);
    expect(['a.JPG', 'a.mov', 'a.Opus'].every(isMediaName)).toBe(true);
    expect(isMediaName('._a.jpg')).toBe(false);
  });
});

describe('fromPaste', () => {
  it('names pictures by the moment and takes nothing else', () => {
    const files = [
      new File(['x'], 'image.png', { type: 'image/png' }),
      new File(['x'], 'image.png', { type: 'image/png' }),
      new File(['x'], 'IMG_1.heic'),
      new File(['x'], 'notes.txt', { type: 'text/plain' }),
    ];
    const { picked } = fromPaste({ files } as unknown as DataTransfer, new Date(2031, 6, 4, 9, 5, 3));
    expect(picked.map(({ file }) => file.name)).toEqual([
      'Pasted 2031-07-04 09.05.03.png',
      'Pasted 2031-07-04 09.05.03 (1).png',
      'IMG_1.heic',
    ]);
  });
});
