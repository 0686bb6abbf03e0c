import type { Asset, BrowsePage } from '../api/types';
import { wallClock } from './dates';
import { tileRatio } from './justified';
import type { TimelineEntry } from './timeline';

export interface Item extends TimelineEntry {
  asset: Asset;
  stackSize: number;
  signature: string;
}

export function itemOf(asset: Asset, stackSize = 1): Item {
  return {
    id: asset.asset_id,
    wall: wallClock(asset),
    ratio: asset.type === 'AUDIO' ? 1 : tileRatio(asset.width, asset.height),
    asset,
    stackSize,
    signature: [
      asset.processing?.state,
      asset.processing?.updated_at,
      asset.taken_time,
      asset.capture_offset_minutes,
      asset.width,
      asset.height,
      asset.thumbhash,
      asset.storage_path,
      stackSize,
    ].join('|'),
  };
}

/** The rows of a page as items; rows without what their type promises are passed over. */
export function itemsOf(page: BrowsePage): Item[] {
  const items: Item[] = [];
  for (const row of page.items ?? []) {
    if (row?.type === 'stack' && row.stack?.cover_asset?.asset_id)
      items.push(itemOf(row.stack.cover_asset, row.stack.stack_size));
    else if (row?.asset?.asset_id) items.push(itemOf(row.asset));
  }
  return items;
}

/**
 * Joins fresh rows into the newest-first list, each picture once. `floor` is the wall clock down to which the
 * server has been read: what lies below belongs to a page not yet asked for, and is left out until then.
 * The same array comes back when nothing changed, so that nothing is laid out again.
 */
export function mergeItems(current: Item[], incoming: readonly Item[], floor: number): Item[] {
  const byId = new Map(current.map((item) => [item.id, item]));
  let changed = false;
  for (const item of incoming) {
    const known = byId.get(item.id);
    if (known?.signature === item.signature) continue;
    if (item.wall >= floor) byId.set(item.id, item);
    else if (!byId.delete(item.id)) continue;
    changed = true;
  }
  if (!changed) return current;
  return [...byId.values()].sort((a, b) => b.wall - a.wall);
}

export function isProcessing(asset: Asset): boolean {
  return asset.processing?.state === 'processing';
}

export function isFailed(asset: Asset): boolean {
  return asset.processing?.state === 'failed';
}
