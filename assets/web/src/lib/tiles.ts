import type { TimelineLayout } from './timeline';

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Placed extends Box {
  index: number;
}

/** All tiles of the rows between two heights; `header` is that of a section. */
function* tilesBetween(layout: TimelineLayout, header: number, from: number, to: number): Generator<Placed> {
  for (const section of layout.sections) {
    if (section.top > to) return;
    if (section.top + section.height < from) continue;
    for (const row of section.rows) {
      const top = section.top + header + row.top;
      if (top > to || top + row.height < from) continue;
      for (const { index, left, width } of row.tiles)
        yield { index, left: section.left + left, top, width, height: row.height };
    }
  }
}

/** The tiles that a rectangle touches. */
export function tilesIn(layout: TimelineLayout, header: number, box: Box): number[] {
  const found: number[] = [];
  for (const tile of tilesBetween(layout, header, box.top, box.top + box.height))
    if (tile.left < box.left + box.width && tile.left + tile.width > box.left) found.push(tile.index);
  return found;
}

/** Farther from a point than this no tile is the nearest: rows are not as high. */
const REACH = 500;

/** The tile nearest to a point, none in an empty grid. */
export function tileAt(layout: TimelineLayout, header: number, x: number, y: number): Placed | null {
  const at = Math.min(Math.max(y, 0), layout.height);
  let best: Placed | null = null;
  let least = Infinity;
  for (const tile of tilesBetween(layout, header, at - REACH, at + REACH)) {
    const dx = Math.max(tile.left - x, 0, x - tile.left - tile.width);
    const dy = Math.max(tile.top - at, 0, at - tile.top - tile.height);
    // A row is left only for a clear reason.
    const far = dx + dy * 2;
    if (far < least) [best, least] = [tile, far];
  }
  return best;
}

/** The rectangle between two corners. */
export function boxOf(x: number, y: number, toX: number, toY: number): Box {
  return {
    left: Math.min(x, toX),
    top: Math.min(y, toY),
    width: Math.abs(toX - x),
    height: Math.abs(toY - y),
  };
}

/** The list with some of it moved before what stands at a place now. */
export function moved<T>(list: readonly T[], chosen: (it: T) => boolean, before: number): T[] {
  return [
    ...list.slice(0, before).filter((it) => !chosen(it)),
    ...list.filter(chosen),
    ...list.slice(before).filter((it) => !chosen(it)),
  ];
}
