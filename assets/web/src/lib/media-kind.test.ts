import { describe, expect, it } from 'vitest';
import type { Asset } from '../api/types';
import { isFailed, isProcessing } from './collection';
import { barsOf, formatLength, formatTime, hasPreview, isBeingConverted } from './media-kind';

function asset(type: string, state: string, tasks: Record<string, string>, thumbhash?: string): Asset {
  return {
    type,
    thumbhash,
    processing: {
      state,
      tasks: Object.fromEntries(Object.entries(tasks).map(([name, value]) => [name, { state: value }])),
    },
  } as unknown as Asset;
}

describe('videos and recordings', () => {
  it('are shown as soon as their poster or facts are there, whatever the conversion does', () => {
    const steps = { metadata_asset: 'complete', thumbnail_asset: 'complete', transcode_asset: 'pending' };
    expect(isProcessing(asset('VIDEO', 'processing', steps))).toBe(false);
    expect(isBeingConverted(asset('VIDEO', 'processing', steps))).toBe(true);
    expect(isProcessing(asset('VIDEO', 'processing', { ...steps, thumbnail_asset: 'pending' }))).toBe(true);
    const sound = { metadata_asset: 'complete', transcode_asset: 'processing' };
    expect(isProcessing(asset('AUDIO', 'processing', sound))).toBe(false);
    expect(isProcessing(asset('PHOTO', 'processing', { metadata_asset: 'complete' }))).toBe(true);
  });

  it('without a conversion still have something to show', () => {
    const steps = { metadata_asset: 'complete', thumbnail_asset: 'complete', transcode_asset: 'failed' };
    expect(isFailed(asset('VIDEO', 'warning', steps))).toBe(false);
    expect(isBeingConverted(asset('VIDEO', 'warning', steps))).toBe(false);
  });

  it('have a picture, recordings only with a cover', () => {
    expect(hasPreview(asset('VIDEO', 'complete', {}))).toBe(true);
    expect(hasPreview(asset('AUDIO', 'complete', {}))).toBe(false);
    expect(hasPreview(asset('AUDIO', 'complete', {}, 'abc='))).toBe(true);
  });
});

describe('times', () => {
  it('show hours only when there are any', () => {
    expect([0, 7.9, 754, 3723].map(formatTime)).toEqual(['0:00', '0:07', '12:34', '1:02:03']);
    expect(formatTime(Number.NaN)).toBe('0:00');
    expect([null, 0, 0.2, 59.6].map(formatLength)).toEqual(['', '', '0:01', '1:00']);
  });
});

describe('bars of a waveform', () => {
  it('keep the loudest moments and fill the height', () => {
    expect(barsOf([0, 0.1, 0.5, 0.2], 2)).toEqual([0.2, 1]);
    expect(barsOf([0.25, 0.5], 4)).toEqual([0.5, 0.5, 1, 1]);
    expect(barsOf([0, 0], 2)).toEqual([0, 0]);
    expect(barsOf([], 3)).toEqual([]);
  });
});
