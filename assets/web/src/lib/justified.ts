export interface JustifiedRow {
  start: number;
  height: number;
  widths: number[];
}

export interface JustifyOptions {
  width: number;
  target: number;
  gap: number;
}

const MIN_RATIO = 0.45;
const MAX_RATIO = 3.2;
const DEFAULT_RATIO = 1.5;
/** A lone row may grow this much over the target before it is left ragged instead. */
const MAX_STRETCH = 1.35;

/** Width over height, kept in a range that neither hides a panorama nor lets it eat the page. */
export function tileRatio(width: number | null | undefined, height: number | null | undefined): number {
  if (!width || !height || width <= 0 || height <= 0) return DEFAULT_RATIO;
  return Math.min(MAX_RATIO, Math.max(MIN_RATIO, width / height));
}

/** Breaks a run of pictures into rows of equal height that fill the width; the last row may stay short. */
export function justify(ratios: readonly number[], { width, target, gap }: JustifyOptions): JustifiedRow[] {
  const rows: JustifiedRow[] = [];
  let start = 0;
  let sum = 0;
  for (let i = 0; i < ratios.length; i++) {
    const ratio = ratios[i]!;
    const withIt = rowHeight(sum + ratio, i - start + 1, width, gap);
    if (withIt > target) {
      sum += ratio;
      continue;
    }
    const without = i > start ? rowHeight(sum, i - start, width, gap) : Infinity;
    if (without - target < target - withIt) {
      rows.push(fill(ratios, start, i, without, width, gap));
      start = i;
      sum = ratio;
    } else {
      rows.push(fill(ratios, start, i + 1, withIt, width, gap));
      start = i + 1;
      sum = 0;
    }
  }
  if (start < ratios.length) rows.push(lastRow(ratios, start, sum, { width, target, gap }));
  return rows;
}

function rowHeight(ratioSum: number, count: number, width: number, gap: number): number {
  return (width - gap * (count - 1)) / ratioSum;
}

function lastRow(
  ratios: readonly number[],
  start: number,
  sum: number,
  options: JustifyOptions,
): JustifiedRow {
  const { width, target, gap } = options;
  const full = rowHeight(sum, ratios.length - start, width, gap);
  if (full <= target * MAX_STRETCH) return fill(ratios, start, ratios.length, full, width, gap);
  const height = Math.round(target);
  return { start, height, widths: ratios.slice(start).map((ratio) => Math.round(ratio * target)) };
}

/** Whole-pixel widths whose sum with the gaps is exactly the row width, so that no seam shows at the edge. */
function fill(
  ratios: readonly number[],
  start: number,
  end: number,
  exactHeight: number,
  width: number,
  gap: number,
): JustifiedRow {
  const widths: number[] = [];
  let exact = 0;
  let used = 0;
  for (let i = start; i < end; i++) {
    exact += ratios[i]! * exactHeight;
    const next = i === end - 1 ? width - gap * (end - start - 1) : Math.round(exact);
    widths.push(next - used);
    used = next;
  }
  return { start, height: Math.round(exactHeight), widths };
}
