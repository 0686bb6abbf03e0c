import { describe, expect, it } from 'vitest';
import type { Asset, BrowsePage } from '../api/types';
import { isBehindCover, isFailed, itemOf, itemsOf, mergeItems, problemsOf } from './collection';

function asset(id: string, taken: string, state = 'complete'): Asset {
  return {
    asset_id: id,
    type: 'PHOTO',
    taken_time: taken,
    width: 4,
    height: 3,
    processing: { state, message: '', updated_at: '' },
  } as Asset;
}

const a = itemOf(asset('a', '2031-01-03T00:00:00Z'));
const b = itemOf(asset('b', '2031-01-02T00:00:00Z'));
const c = itemOf(asset('c', '2031-01-01T00:00:00Z'));

describe('mergeItems', () => {
  it('keeps newest first and every picture once', () => {
    expect(mergeItems([a, c], [b, a], -Infinity).map((item) => item.id)).toEqual(['a', 'b', 'c']);
  });

  it('returns the same list when nothing changed', () => {
    const list = [a, b];
    expect(mergeItems(list, [itemOf(asset('a', '2031-01-03T00:00:00Z'))], -Infinity)).toBe(list);
  });

  it('moves a picture once its capture date is known', () => {
    const processing = itemOf(asset('n', '2031-02-01T00:00:00Z', 'processing'));
    const done = itemOf(asset('n', '2031-01-02T12:00:00Z'));
    expect(mergeItems([processing, a, b], [done], -Infinity).map((item) => item.id)).toEqual(['a', 'n', 'b']);
  });

  it('leaves out what belongs to a later page', () => {
    expect(mergeItems([a, b], [c], b.wall).map((item) => item.id)).toEqual(['a', 'b']);
    const processing = itemOf(asset('n', '2031-02-01T00:00:00Z', 'processing'));
    const done = itemOf(asset('n', '2020-01-02T12:00:00Z'));
    expect(mergeItems([processing, a, b], [done], b.wall).map((item) => item.id)).toEqual(['a', 'b']);
  });
});

describe('itemsOf', () => {
  it('passes over broken rows and copes with an empty page', () => {
    const page = {
      items: [{ type: 'asset', id: 'asset:a', asset: a.asset }, { type: 'asset', id: 'asset:x' }, null],
    } as unknown as BrowsePage;
    expect(itemsOf(page).map((item) => item.id)).toEqual(['a']);
    expect(itemsOf({} as BrowsePage)).toEqual([]);
  });

  it('shows a stack by its cover, which looks different once the stack has changed', () => {
    const rowOf = (size: number) => {
      const cover = { ...b.asset, stack: { stack_id: 's', stack_size: size, stack_cover: true } };
      return {
        items: [{ type: 'stack', id: 'stack:s', stack: { cover_asset: cover } }],
      } as unknown as BrowsePage;
    };
    const [two] = itemsOf(rowOf(2));
    expect(two!.id).toBe('b');
    expect(isBehindCover(two!.asset)).toBe(false);
    expect(itemsOf(rowOf(3))[0]!.signature).not.toBe(two!.signature);
    expect(isBehindCover({ ...two!.asset, stack: { ...two!.asset.stack!, stack_cover: false } })).toBe(true);
    expect(isBehindCover(a.asset)).toBe(false);
  });
});

describe('failures', () => {
  const with_ = (processing: object) => ({ processing }) as unknown as Asset;

  it('counts a picture without a preview as unreadable', () => {
    expect(isFailed(with_({ state: 'failed' }))).toBe(true);
    expect(isFailed(with_({ state: 'warning', tasks: { thumbnail_asset: { state: 'failed' } } }))).toBe(true);
    expect(isFailed(with_({ state: 'warning', tasks: { metadata_asset: { state: 'failed' } } }))).toBe(false);
    expect(isFailed({} as Asset)).toBe(false);
  });

  it('gives each reason once', () => {
    const errors = [{ error: 'cut off' }, { error: 'cut off' }, { error: 'no picture' }];
    expect(problemsOf(with_({ state: 'failed', message: 'm', errors }))).toEqual(['cut off', 'no picture']);
    expect(problemsOf(with_({ state: 'failed', message: 'm' }))).toEqual(['m']);
    expect(problemsOf({} as Asset)).toEqual([]);
  });
});
