import type { Asset, BrowsePage } from '../api/types';
import { wallClock } from './dates';
import { tileRatio } from './justified';
import { isTimed, taskState } from './media-kind';
import type { TimelineEntry } from './timeline';

export interface Item extends TimelineEntry {
  asset: Asset;
  signature: string;
}

export function itemOf(asset: Asset): Item {
  return {
    id: asset.asset_id,
    wall: wallClock(asset),
    // Covers are square, and so is what stands in for one.
    ratio: asset.type === 'AUDIO' ? 1 : tileRatio(asset.width, asset.height),
    asset,
    signature: [
      asset.processing?.state,
      asset.processing?.updated_at,
      asset.taken_time,
      asset.capture_offset_minutes,
      asset.width,
      asset.height,
      asset.thumbhash,
      asset.storage_path,
      asset.hash,
      asset.rating,
      asset.liked,
      JSON.stringify(asset.specific_metadata),
      JSON.stringify(asset.stack),
    ].join('|'),
  };
}

/** The rows of a page as items, a stack by its cover; rows without an asset are passed over. */
export function itemsOf(page: BrowsePage): Item[] {
  return (page.items ?? [])
    .map((row) => row?.asset ?? row?.stack?.cover_asset)
    .filter((asset) => asset?.asset_id !== undefined)
    .map((asset) => itemOf(asset!));
}

/** The cover of its stack stands for it in lists. */
export function isBehindCover(asset: Asset): boolean {
  return asset.stack !== undefined && !asset.stack.stack_cover;
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

/** The list without some pictures; the same array comes back when none of them was in it. */
export function withoutItems(current: Item[], gone: ReadonlySet<string>): Item[] {
  const kept = gone.size ? current.filter((item) => !gone.has(item.id)) : current;
  return kept.length === current.length ? current : kept;
}

/** Nothing can be shown of it yet. What runs over time is shown while a copy for browsers is being made. */
export function isProcessing(asset: Asset): boolean {
  if (asset.processing?.state !== 'processing') return false;
  const shows = asset.type === 'AUDIO' ? 'metadata_asset' : 'thumbnail_asset';
  return !isTimed(asset) || taskState(asset, shows) !== 'complete';
}

/** There is nothing to show of it: either nothing worked, or at least no preview could be made. */
export function isFailed(asset: Asset): boolean {
  const { state, tasks } = asset.processing ?? {};
  return state === 'failed' || (state === 'warning' && tasks?.thumbnail_asset?.state === 'failed');
}

/** What went wrong, each reason once. */
export function problemsOf(asset: Asset): string[] {
  const { errors, message, state } = asset.processing ?? {};
  const reasons = [...new Set((errors ?? []).map((problem) => problem.error))];
  return reasons.length || state === 'complete' || !message ? reasons : [message];
}
