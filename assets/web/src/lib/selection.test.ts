import { beforeEach, describe, expect, it } from 'vitest';
import type { Item } from './collection';
import { range, Selection } from './selection.svelte';

const ids = Array.from({ length: 10_000 }, (_, index) => `id${index}`);
const places = new Map(ids.map((id, index) => [id, index]));
const listing = {
  items: ids.map((id) => ({ id }) as Item),
  indexOf: (id: string) => places.get(id) ?? -1,
};

describe('a selection', () => {
  let selection: Selection;

  beforeEach(() => {
    selection = new Selection();
  });

  it('takes and gives back single pictures', () => {
    selection.toggle('id3');
    selection.toggle('id5');
    selection.toggle('id3');
    expect([...selection.ids]).toEqual(['id5']);
    expect(selection.has('id5')).toBe(true);
  });

  it('reaches from the picture chosen last, in both directions', () => {
    selection.toggle('id5');
    selection.extend(listing, 'id7');
    selection.extend(listing, 'id4');
    expect(selection.listed(listing)).toEqual(['id4', 'id5', 'id6', 'id7']);
  });

  it('begins with one where no range can begin', () => {
    selection.extend(listing, 'id2');
    expect(selection.listed(listing)).toEqual(['id2']);
    selection.toggle('gone');
    selection.extend(listing, 'id2');
    selection.extend(listing, 'id4');
    expect(selection.has('id2')).toBe(true);
  });

  it('shrinks again while a drag goes back', () => {
    selection.toggle('id9');
    const before = selection.ids;
    selection.add(listing, range(2, 5), before);
    selection.add(listing, range(2, 3), before);
    expect(selection.listed(listing)).toEqual(['id2', 'id3', 'id9']);
  });

  it('takes all, and leaves out what has left the page', () => {
    selection.all(listing);
    expect(selection.count).toBe(10_000);
    const fewer = { ...listing, items: listing.items.slice(2) };
    expect(selection.listed(fewer)).toHaveLength(9_998);
    selection.clear();
    expect(selection.active).toBe(false);
  });
});
