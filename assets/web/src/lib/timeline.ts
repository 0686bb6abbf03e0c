import { dayNumber } from './dates';
import { justify } from './justified';

export interface TimelineEntry {
  id: string;
  wall: number;
  ratio: number;
}

export interface TimelineTile {
  index: number;
  left: number;
  width: number;
}

export interface TimelineRow {
  top: number;
  height: number;
  tiles: TimelineTile[];
}

export interface TimelineSection {
  day: number;
  left: number;
  top: number;
  width: number;
  height: number;
  rows: TimelineRow[];
}

export interface TimelineLayout {
  sections: TimelineSection[];
  height: number;
}

export interface TimelineOptions {
  width: number;
  target: number;
  gap: number;
  header: number;
  between: number;
  /** Narrowest box in which the short heading of a day can still be read. */
  minSection: number;
}

export function timelineOptions(width: number): TimelineOptions {
  const phone = width < 640;
  return {
    width,
    target: width >= 1200 ? 216 : width >= 900 ? 196 : phone ? 124 : 172,
    gap: phone ? 3 : 4,
    header: phone ? 40 : 48,
    between: phone ? 10 : 16,
    minSection: phone ? 104 : 132,
  };
}

/** A day narrower than this share of the width may share its line. */
const SMALL_DAY = 0.72;
const DAY_GAPS = 5;
const MOST_GROWTH = 1.3;

interface Run {
  day: number;
  first: number;
  ratios: number[];
}

function daysOf(entries: readonly TimelineEntry[]): Run[] {
  const runs: Run[] = [];
  entries.forEach((entry, index) => {
    const day = dayNumber(entry.wall);
    const last = runs[runs.length - 1];
    if (last && last.day === day) last.ratios.push(entry.ratio);
    else runs.push({ day, first: index, ratios: [entry.ratio] });
  });
  return runs;
}

/**
 * Places every day and every picture. Entries must be newest first. Days too small to fill a row stand side
 * by side, so that a sparse year does not become a column of single pictures.
 */
export function layoutTimeline(entries: readonly TimelineEntry[], options: TimelineOptions): TimelineLayout {
  const { width, target, gap, between, minSection } = options;
  const sections: TimelineSection[] = [];
  let top = 0;
  let line: Run[] = [];
  let used = 0;

  const add = (placed: TimelineSection[]) => {
    sections.push(...placed);
    top += placed[0]!.height + between;
  };
  const breakLine = () => {
    if (line.length) add(placeLine(line, top, options));
    line = [];
    used = 0;
  };

  for (const run of daysOf(entries)) {
    const natural = naturalWidth(run, target, gap);
    if (natural <= width * SMALL_DAY) {
      const box = Math.max(natural, minSection);
      if (line.length && used + gap * DAY_GAPS + box > width) breakLine();
      used += box + (line.length ? gap * DAY_GAPS : 0);
      line.push(run);
      continue;
    }
    breakLine();
    add([fillRows(run, top, options)]);
  }
  breakLine();
  return { sections, height: Math.max(0, top - between) };
}

/** The same without days: all pictures in the order they come, as one section. */
export function layoutInOrder(entries: readonly TimelineEntry[], options: TimelineOptions): TimelineLayout {
  if (!entries.length) return { sections: [], height: 0 };
  const all = { day: 0, first: 0, ratios: entries.map((entry) => entry.ratio) };
  const section = fillRows(all, 0, options);
  return { sections: [section], height: section.height };
}

function fillRows(run: Run, top: number, { width, target, gap, header }: TimelineOptions): TimelineSection {
  const rows: TimelineRow[] = [];
  let y = 0;
  for (const row of justify(run.ratios, { width, target, gap })) {
    rows.push(placeRow(y, row.height, row.widths, run.first + row.start, gap));
    y += row.height + gap;
  }
  return { day: run.day, left: 0, top, width, height: header + y - gap, rows };
}

function naturalWidth(run: Run, height: number, gap: number): number {
  const pictures = run.ratios.reduce((sum, ratio) => sum + Math.round(ratio * height), 0);
  return pictures + gap * (run.ratios.length - 1);
}

/** Small days in one line: as high as fills the width if that is near the target, else ragged. */
function placeLine(line: Run[], top: number, options: TimelineOptions): TimelineSection[] {
  const { width, target, gap, header, minSection } = options;
  const daySpace = gap * DAY_GAPS;
  const pictures = line.reduce((sum, run) => sum + run.ratios.length, 0);
  const ratios = line.flatMap((run) => run.ratios).reduce((sum, ratio) => sum + ratio, 0);
  const full = (width - daySpace * (line.length - 1) - gap * (pictures - line.length)) / ratios;
  const wide = line.every((run) => naturalWidth(run, target, gap) >= minSection);
  const fills = wide && full <= target * MOST_GROWTH;
  const height = fills ? full : target;
  let left = 0;
  return line.map((run, i) => {
    const widths = run.ratios.map((ratio) => Math.round(ratio * height));
    // Rounding must not show as a ragged edge.
    if (fills && i === line.length - 1) {
      const taken = widths.reduce((sum, value) => sum + value, 0) + gap * (widths.length - 1);
      widths[widths.length - 1]! += width - left - taken;
    }
    const row = placeRow(0, Math.round(height), widths, run.first, gap);
    const last = row.tiles[row.tiles.length - 1]!;
    const box = Math.max(last.left + last.width, minSection);
    const section = { day: run.day, left, top, width: box, height: header + row.height, rows: [row] };
    left += box + daySpace;
    return section;
  });
}

function placeRow(top: number, height: number, widths: number[], first: number, gap: number): TimelineRow {
  let left = 0;
  const tiles = widths.map((width, i) => {
    const tile = { index: first + i, left, width };
    left += width + gap;
    return tile;
  });
  return { top, height, tiles };
}

export interface VisibleSection {
  section: TimelineSection;
  rows: TimelineRow[];
}

/** What has to be in the page for the stretch between two scroll positions; everything else is left out. */
export function visibleSections(
  layout: TimelineLayout,
  from: number,
  to: number,
  header: number,
): VisibleSection[] {
  const { sections } = layout;
  let low = 0;
  let high = sections.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const section = sections[middle]!;
    if (section.top + section.height < from) low = middle + 1;
    else high = middle;
  }
  const result: VisibleSection[] = [];
  for (let i = low; i < sections.length && sections[i]!.top <= to; i++) {
    const section = sections[i]!;
    const base = section.top + header;
    const rows = section.rows.filter((row) => base + row.top + row.height >= from && base + row.top <= to);
    result.push({ section, rows });
  }
  return result;
}

/** Where a picture lies, for scrolling to it and for moving the keyboard focus. */
export function locate(
  layout: TimelineLayout,
  index: number,
  header: number,
): { top: number; height: number } | null {
  const { sections } = layout;
  let low = 0;
  let high = sections.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sections[middle]!.rows[0]!.tiles[0]!.index <= index) low = middle;
    else high = middle - 1;
  }
  const section = sections[low];
  const row = section?.rows.find((candidate) => candidate.tiles.some((tile) => tile.index === index));
  return section && row ? { top: section.top + header + row.top, height: row.height } : null;
}

/** The picture above or below in the grid: the one whose centre is nearest in the neighbouring line. */
export function neighbourVertically(layout: TimelineLayout, index: number, step: 1 | -1): number | null {
  const lines: { y: number; centre: number; index: number }[] = [];
  for (const section of layout.sections)
    for (const row of section.rows)
      for (const tile of row.tiles)
        lines.push({
          y: section.top + row.top,
          centre: section.left + tile.left + tile.width / 2,
          index: tile.index,
        });
  const here = lines[index];
  if (!here) return null;
  let best: (typeof lines)[number] | null = null;
  for (let i = index + step; i >= 0 && i < lines.length; i += step) {
    const line = lines[i]!;
    if (line.y === here.y) continue;
    if (best && line.y !== best.y) break;
    if (!best || Math.abs(line.centre - here.centre) < Math.abs(best.centre - here.centre)) best = line;
  }
  return best?.index ?? null;
}
