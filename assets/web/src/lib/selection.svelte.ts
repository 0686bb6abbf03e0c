import type { Source } from './source';

type Listing = Pick<Source, 'items' | 'indexOf'>;

/** The pictures chosen on the page that is shown. A new set for each change, for nothing else would be noticed. */
export class Selection {
  ids = $state.raw<ReadonlySet<string>>(new Set());
  /** Where a range begins. */
  private anchor: string | null = null;

  get count(): number {
    return this.ids.size;
  }

  get active(): boolean {
    return this.ids.size > 0;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  toggle(id: string): void {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.ids = ids;
    this.anchor = id;
  }

  /** Adds everything between the picture chosen last and this one. */
  extend(listing: Listing, id: string): void {
    const from = this.anchor === null ? -1 : listing.indexOf(this.anchor);
    const to = listing.indexOf(id);
    if (from < 0 || to < 0) return this.has(id) ? undefined : this.toggle(id);
    this.add(listing, range(from, to));
  }

  /** Adds pictures by their places, on top of those chosen before where they are given. */
  add(listing: Listing, indexes: Iterable<number>, before: ReadonlySet<string> = this.ids): void {
    const ids = new Set(before);
    for (const index of indexes) {
      const item = listing.items[index];
      if (item) ids.add(item.id);
    }
    this.ids = ids;
  }

  begin(id: string): void {
    this.anchor = id;
  }

  all(listing: Listing): void {
    this.ids = new Set(listing.items.map((item) => item.id));
  }

  /** Those that are still listed, in the order they are shown. */
  listed(listing: Listing): string[] {
    return listing.items.filter((item) => this.ids.has(item.id)).map((item) => item.id);
  }

  clear(): void {
    this.ids = new Set();
    this.anchor = null;
  }
}

/** The whole numbers from one to the other, in either direction. */
export function range(from: number, to: number): number[] {
  const first = Math.min(from, to);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, step) => first + step);
}

export const selection = new Selection();
