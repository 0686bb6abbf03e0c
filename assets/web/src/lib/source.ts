import type { Item } from './collection';

/** A list of pictures that can be shown in a grid and paged through in the viewer. */
export interface Source {
  readonly items: Item[];
  readonly total: number | null;
  readonly loadingMore: boolean;
  readonly complete: boolean;
  readonly error: unknown;
  /** Where the grid was scrolled to when it was last left. */
  scrollTop: number;
  indexOf(id: string): number;
  loadMore(): Promise<void>;
  /** Reads on until the picture is in the list or must have been passed. */
  reach?(id: string, wall: number): Promise<void>;
  /** These pictures are in sight. */
  look?(ids: readonly string[]): void;
}
