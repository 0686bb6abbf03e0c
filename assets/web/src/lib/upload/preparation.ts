import type { AssetChange } from '../../api/types';
import type { News } from '../event-stream';

const PAUSE_MS = 2_000;
const AT_ONCE = 100;
const FAULTY: ReadonlySet<string> = new Set(['failed', 'warning']);

/** Follows uploaded assets until the server has prepared them: by its events, and by asking where those leave gaps. */
export class Preparation {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    /** The assets that are not known to be prepared. */
    private readonly awaited: () => string[],
    /** The states of assets by id, without those that are gone. */
    private readonly statesOf: (assetIds: string[]) => Promise<ReadonlyMap<string, string>>,
    private readonly prepared: (assetId: string, faulty: boolean) => void,
  ) {}

  /** An asset is awaited from now on; its last event may have come before the answer to its upload. */
  watch(): void {
    this.timer ??= setTimeout(() => void this.ask(), PAUSE_MS);
  }

  hear({ changed, truncated }: News<AssetChange>): void {
    for (const { asset_id, state, is_deleted } of changed)
      if (state !== 'processing' || is_deleted) this.prepared(asset_id, FAULTY.has(state));
    if (truncated) this.watch();
  }

  private async ask(): Promise<void> {
    const all = this.awaited();
    for (let start = 0; start < all.length; start += AT_ONCE) {
      const ids = all.slice(start, start + AT_ONCE);
      try {
        const states = await this.statesOf(ids);
        for (const id of ids) {
          const state = states.get(id) ?? '';
          if (state !== 'processing') this.prepared(id, FAULTY.has(state));
        }
      } catch {
        // The next event asks again.
      }
    }
    this.timer = undefined;
  }
}
