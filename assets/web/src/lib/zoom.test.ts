import { describe, expect, it } from 'vitest';
import { clampView, FIT, fitSize, maxScale, swipeOf, zoomAt } from './zoom';

const stage = { width: 1000, height: 800 };
const picture = { width: 4000, height: 3000 };
const fitted = fitSize(picture, stage);
const limit = maxScale(picture, fitted);

describe('fitSize', () => {
  it('fits inside and does not enlarge unless told', () => {
    expect(fitted).toEqual({ width: 1000, height: 750 });
    expect(fitSize({ width: 100, height: 50 }, stage)).toEqual({ width: 100, height: 50 });
    expect(fitSize({ width: 100, height: 50 }, stage, Infinity)).toEqual({ width: 1000, height: 500 });
    expect(fitSize({ width: 0, height: 0 }, stage)).toEqual({ width: 0, height: 0 });
  });
});

describe('zoomAt', () => {
  it('keeps the spot under the pointer in place', () => {
    const at = { x: 300, y: -100 };
    const before = FIT;
    const after = zoomAt(before, 3, at, fitted, stage, limit);
    const spot = (v: typeof FIT) => ({ x: (at.x - v.x) / v.scale, y: (at.y - v.y) / v.scale });
    expect(spot(after).x).toBeCloseTo(spot(before).x);
    expect(spot(after).y).toBeCloseTo(spot(before).y);
  });

  it('stops at both ends and comes back to the centre', () => {
    expect(zoomAt(FIT, 0.2, { x: 50, y: 50 }, fitted, stage, limit)).toEqual(FIT);
    expect(zoomAt(FIT, 1000, { x: 0, y: 0 }, fitted, stage, limit).scale).toBe(limit);
    const out = zoomAt({ scale: 2, x: 400, y: 200 }, 0.5, { x: 0, y: 0 }, fitted, stage, limit);
    expect(out).toEqual(FIT);
  });
});

describe('clampView', () => {
  it('never shows a gap at an edge', () => {
    const view = clampView({ scale: 2, x: 5000, y: -5000 }, fitted, stage, limit);
    expect(view).toEqual({ scale: 2, x: 500, y: -350 });
  });
});

describe('swipeOf', () => {
  it('tells the direction', () => {
    expect(swipeOf(-120, 10, 150, stage)).toBe('next');
    expect(swipeOf(120, 10, 150, stage)).toBe('previous');
    expect(swipeOf(5, 140, 150, stage)).toBe('close');
    expect(swipeOf(-120, 10, 900, stage)).toBeNull();
    expect(swipeOf(3, -200, 100, stage)).toBeNull();
  });
});
