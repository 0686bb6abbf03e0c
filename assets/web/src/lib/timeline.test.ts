import { describe, expect, it } from 'vitest';
import { layoutTimeline, locate, neighbourVertically, timelineOptions, visibleSections } from './timeline';

const DAY = 86_400_000;
const options = timelineOptions(1200);

function entries(perDay: number[]) {
  return perDay.flatMap((count, day) =>
    Array.from({ length: count }, (_, i) => ({
      id: `${day}-${i}`,
      wall: (20_000 - day) * DAY + (count - i) * 1000,
      ratio: 1.5,
    })),
  );
}

describe('layoutTimeline', () => {
  it('makes one section per day and keeps the order', () => {
    const layout = layoutTimeline(entries([30, 2, 40]), options);
    expect(layout.sections.map((section) => section.day)).toEqual([20_000, 19_999, 19_998]);
    const indexes = layout.sections.flatMap((s) => s.rows.flatMap((r) => r.tiles.map((t) => t.index)));
    expect(indexes).toEqual(Array.from({ length: 72 }, (_, i) => i));
  });

  it('puts small days side by side without overlap', () => {
    const { sections } = layoutTimeline(entries([1, 1, 1, 1, 1, 1]), options);
    expect(sections[0]!.top).toBe(sections[1]!.top);
    expect(sections[1]!.left).toBeGreaterThan(sections[0]!.left + sections[0]!.width);
    for (const section of sections) expect(section.left + section.width).toBeLessThanOrEqual(1200);
    expect(sections.at(-1)!.top).toBeGreaterThan(sections[0]!.top);
  });

  it('fills a line of small days to the pixel, and leaves a short last one as it is', () => {
    const { sections } = layoutTimeline(entries(Array(7).fill(1)), options);
    const lines = new Map<number, typeof sections>();
    for (const section of sections) lines.set(section.top, [...(lines.get(section.top) ?? []), section]);
    const [first] = lines.values();
    const end = first!.at(-1)!;
    expect(end.left + end.width).toBe(1200);
    const last = [...lines.values()].at(-1)!;
    expect(last[0]!.rows[0]!.height).toBe(options.target);
  });

  it('never lets sections of different lines overlap', () => {
    const { sections, height } = layoutTimeline(entries([1, 50, 2, 1, 80, 3]), options);
    for (let i = 1; i < sections.length; i++) {
      const a = sections[i - 1]!;
      const b = sections[i]!;
      if (a.top !== b.top) expect(b.top).toBeGreaterThanOrEqual(a.top + a.height);
    }
    const last = sections.at(-1)!;
    expect(height).toBe(last.top + last.height);
  });

  it('is empty for an empty library', () => {
    expect(layoutTimeline([], options)).toEqual({ sections: [], height: 0 });
  });
});

describe('visibleSections', () => {
  it('mounts a bounded part of twenty thousand pictures', () => {
    const layout = layoutTimeline(entries(Array(100).fill(200)), options);
    const seen = visibleSections(layout, 50_000, 52_700, options.header);
    const tiles = seen.flatMap((s) => s.rows.flatMap((r) => r.tiles));
    expect(tiles.length).toBeGreaterThan(20);
    expect(tiles.length).toBeLessThan(120);
  });

  it('cuts inside one huge day', () => {
    const layout = layoutTimeline(entries([8000]), options);
    const [only] = visibleSections(layout, 100_000, 102_000, options.header);
    expect(only!.rows.length).toBeLessThan(20);
  });
});

describe('finding pictures', () => {
  const layout = layoutTimeline(entries([30, 1, 1, 40]), options);

  it('locates any of them', () => {
    expect(locate(layout, 0, options.header)).toEqual({ top: options.header, height: expect.any(Number) });
    expect(locate(layout, 71, options.header)!.top).toBeGreaterThan(locate(layout, 31, options.header)!.top);
    expect(locate(layout, 500, options.header)).toBeNull();
  });

  it('moves up and down by lines', () => {
    const below = neighbourVertically(layout, 1, 1)!;
    expect(below).toBeGreaterThan(1);
    expect(neighbourVertically(layout, below, -1)).toBe(1);
    expect(neighbourVertically(layout, 0, -1)).toBeNull();
  });
});
