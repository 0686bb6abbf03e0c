import { describe, expect, it } from 'vitest';
import { boxOf, moved, tileAt, tilesIn } from './tiles';
import { layoutInOrder, timelineOptions } from './timeline';

const options = { ...timelineOptions(1000), header: 0 };
const entries = Array.from({ length: 200 }, (_, index) => ({ id: `${index}`, wall: 0, ratio: 1.5 }));
const layout = layoutInOrder(entries, options);
const rows = layout.sections[0]!.rows;

describe('a grid without days', () => {
  it('keeps the order it was given, each picture once', () => {
    const placed = rows.flatMap((row) => row.tiles.map((tile) => tile.index));
    expect(placed).toEqual(entries.map((_, index) => index));
    const last = rows.at(-1)!;
    expect(layout.height).toBe(last.top + last.height);
  });

  it('is empty without pictures', () => {
    expect(layoutInOrder([], options)).toEqual({ sections: [], height: 0 });
  });
});

describe('what a rectangle touches', () => {
  it('is what lies in it, whichever corner it was begun at', () => {
    const row = rows[1]!;
    const box = boxOf(row.tiles[1]!.left + 5, row.top + 5, 5, row.top + 9);
    expect(tilesIn(layout, 0, box)).toEqual(row.tiles.slice(0, 2).map((tile) => tile.index));
  });

  it('reaches over rows', () => {
    const box = boxOf(2, rows[3]!.top + 2, 3, rows[5]!.top + 2);
    expect(tilesIn(layout, 0, box)).toEqual([3, 4, 5].map((row) => rows[row]!.tiles[0]!.index));
  });
});

describe('the tile at a point', () => {
  it('is the one under it', () => {
    const row = rows[2]!;
    const tile = row.tiles[1]!;
    expect(tileAt(layout, 0, tile.left + 3, row.top + 3)?.index).toBe(tile.index);
  });

  it('is the nearest one beside and below the grid', () => {
    expect(tileAt(layout, 0, -50, rows[2]!.top + 3)?.index).toBe(rows[2]!.tiles[0]!.index);
    expect(tileAt(layout, 0, 0, layout.height + 9_000)?.index).toBe(rows.at(-1)!.tiles[0]!.index);
  });

  it('is none in an empty grid', () => {
    expect(tileAt({ sections: [], height: 0 }, 0, 5, 5)).toBeNull();
  });
});

describe('moving within a list', () => {
  const chosen = (it: string) => 'bd'.includes(it);

  it('brings the chosen together, in their own order', () => {
    expect(moved([...'abcde'], chosen, 0).join('')).toBe('bdace');
    expect(moved([...'abcde'], chosen, 5).join('')).toBe('acebd');
    expect(moved([...'abcde'], chosen, 2).join('')).toBe('abdce');
  });

  it('leaves what is there already', () => {
    expect(moved([...'abc'], (it) => it === 'b', 1).join('')).toBe('abc');
    expect(moved([...'abc'], (it) => it === 'b', 2).join('')).toBe('abc');
  });
});
