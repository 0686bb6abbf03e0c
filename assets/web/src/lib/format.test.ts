import { describe, expect, it } from 'vitest';
import { ApiError, errorFrom, OfflineError } from '../api/errors';
import {
  errorText,
  exposureLine,
  formatBytes,
  formatExposure,
  formatMegapixels,
  formatMilliseconds,
  formatPercent,
  formatPlace,
  formatWait,
} from './format';

describe('camera figures', () => {
  it('writes exposure times as photographers do', () => {
    expect(formatExposure('1/250')).toBe('1/250 s');
    expect(formatExposure('0.004')).toBe('1/250 s');
    expect(formatExposure('10/2500')).toBe('1/250 s');
    expect(formatExposure('2.5')).toBe('2.5 s');
    expect(formatExposure('1/0')).toBe('');
    expect(formatExposure(undefined)).toBe('');
  });

  it('joins what is known', () => {
    expect(exposureLine({ exposure_time: '1/250', f_number: 2.8, iso_speed: 100, focal_length: 50 })).toBe(
      '1/250 s · f/2.8 · ISO 100 · 50 mm',
    );
    expect(exposureLine({ iso_speed: 400 })).toBe('ISO 400');
    expect(exposureLine({})).toBe('');
  });

  it('writes places with the hemisphere', () => {
    expect(formatPlace(48.85837, 2.294481)).toBe('48.85837° N, 2.29448° E');
    expect(formatPlace(-33.9, -18.4)).toBe('33.90000° S, 18.40000° W');
    expect(formatPlace(91, 0)).toBeNull();
    expect(formatPlace(undefined, 4)).toBeNull();
  });

  it('counts pixels', () => {
    expect(formatMegapixels(4000, 3000)).toBe('12 MP');
    expect(formatMegapixels(100, 68)).toBe('0.01 MP');
  });
});

describe('sizes and progress', () => {
  it('writes sizes in decimal units', () => {
    expect(formatBytes(1_234_567)).toBe('1.2 MB');
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(26)).toBe('26 B');
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(1000)).toBe('1 kB');
  });

  it('does not claim to be finished early', () => {
    expect(formatPercent(0.999)).toBe('99%');
    expect(formatPercent(1)).toBe('100%');
  });
});

describe('errors', () => {
  it('reads the server’s sentence', () => {
    expect(errorText(errorFrom(409, '{"code":409,"message":"Name taken","error":"x"}'))).toBe('Name taken');
    expect(errorText(errorFrom(404, '{"error":"not found"}'))).toBe('not found');
  });

  it('has words for answers without a body', () => {
    expect(errorText(errorFrom(502, '<html>'))).toContain('502');
    expect(errorText(new ApiError(403, ''))).toContain('not allowed');
    expect(errorText(new OfflineError())).toContain('not answering');
    expect(errorText(undefined)).toBeTruthy();
  });
});

describe('formatWait', () => {
  it('counts minutes and seconds', () => {
    expect([1, 59, 60, 297].map(formatWait)).toEqual(['1 s', '59 s', '1:00', '4:57']);
  });
});

describe('formatMilliseconds', () => {
  it('takes the unit that can be read best', () => {
    expect([0.4, 999, 1_500, 90_000, 5_400_000].map(formatMilliseconds)).toEqual([
      '0 ms',
      '999 ms',
      '1.5 s',
      '1.5 min',
      '1.5 h',
    ]);
  });
});
