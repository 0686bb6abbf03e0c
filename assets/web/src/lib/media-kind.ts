import type { Asset } from '../api/types';

export type TaskName = 'metadata_asset' | 'thumbnail_asset' | 'transcode_asset';

/** It runs over time: a video or a recording. */
export function isTimed(asset: Asset): boolean {
  return asset.type === 'VIDEO' || asset.type === 'AUDIO';
}

export function taskState(asset: Asset, task: TaskName): string | undefined {
  return asset.processing?.tasks?.[task]?.state;
}

/** A copy that browsers play is still to come; until then they get the original. */
export function isBeingConverted(asset: Asset): boolean {
  return ['pending', 'processing'].includes(taskState(asset, 'transcode_asset') ?? '');
}

/** There is a picture of it: a recording has one only if it brings a cover. */
export function hasPreview(asset: Asset): boolean {
  return asset.type === 'AUDIO' ? Boolean(asset.thumbhash) : true;
}

/** "0:07", "12:30" or "1:02:03". */
export function formatTime(seconds: number | null | undefined): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds! : 0));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A length: what is not nothing is at least a second. */
export function formatLength(seconds: number | null | undefined): string {
  return seconds ? formatTime(Math.max(1, Math.round(seconds))) : '';
}

/** So many bars, each as high as the loudest of the peaks it stands for, from 0 to 1. */
export function barsOf(peaks: readonly number[], count: number): number[] {
  if (!peaks.length) return [];
  const top = Math.max(...peaks) || 1;
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(from, to)) / top;
  });
}
