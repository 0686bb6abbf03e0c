import { describe, expect, it } from 'vitest';
import { justify, tileRatio } from './justified';

const options = { width: 1000, target: 200, gap: 4 };

describe('justify', () => {
  it('fills every row but the last to the pixel', () => {
    const ratios = Array.from({ length: 57 }, (_, i) => [1.5, 0.67, 1, 1.78, 1.33][i % 5]!);
    const rows = justify(ratios, options);
    for (const row of rows.slice(0, -1)) {
      const sum = row.widths.reduce((a, b) => a + b, 0) + 4 * (row.widths.length - 1);
      expect(sum).toBe(1000);
      expect(row.height).toBeGreaterThan(130);
      expect(row.height).toBeLessThan(300);
    }
  });

  it('covers each picture exactly once and in order', () => {
    const ratios = Array.from({ length: 33 }, (_, i) => 0.5 + (i % 7) / 3);
    const rows = justify(ratios, options);
    let next = 0;
    for (const row of rows) {
      expect(row.start).toBe(next);
      next += row.widths.length;
    }
    expect(next).toBe(33);
  });

  it('keeps a short last row at the target height', () => {
    expect(justify([1.5], options)).toEqual([{ start: 0, height: 200, widths: [300] }]);
  });

  it('gives a wide picture a row of its own on a narrow screen', () => {
    const rows = justify([3.2, 1, 1], { width: 360, target: 130, gap: 3 });
    expect(rows[0]!.widths).toEqual([360]);
  });

  it('copes with nothing', () => {
    expect(justify([], options)).toEqual([]);
  });
});

describe('tileRatio', () => {
  it('clamps extremes and guesses when the size is unknown', () => {
    expect(tileRatio(10000, 100)).toBe(3.2);
    expect(tileRatio(10, 1000)).toBe(0.45);
    expect(tileRatio(null, 5)).toBe(1.5);
    expect(tileRatio(0, 0)).toBe(1.5);
    expect(tileRatio(400, 300)).toBeCloseTo(4 / 3);
  });
});
