/** What is said of an asset: by an event, or in answer to a question. */
export interface AssetNews {
  changed: readonly { asset_id: string; state: string; is_deleted?: boolean }[];
  /** More changed than is listed. */
  truncated: boolean;
}

const PERIOD_MS = 3_000;
/** The oldest are prepared first, so those are asked for. */
const AT_ONCE = 12;

/** Watches uploaded assets until the server has prepared them: asks for a few now and then. */
export class Preparation {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;

  constructor(
    /** The assets that are not known to be prepared, oldest first. */
    private readonly awaited: () => string[],
    /** The state of an asset; null for one that is gone. */
    private readonly stateOf: (assetId: string) => Promise<string | null>,
    private readonly prepared: (assetId: string) => void,
  ) {}

  /** Something may be awaited now. */
  watch(): void {
    this.timer ??= setTimeout(() => void this.round(), PERIOD_MS);
  }

  hear({ changed, truncated }: AssetNews): void {
    for (const { asset_id, state, is_deleted } of changed)
      if (state !== 'processing' || is_deleted) this.prepared(asset_id);
    if (truncated) void this.ask();
  }

  private async round(): Promise<void> {
    if (!document.hidden) await this.ask();
    this.timer = undefined;
    if (this.awaited().length) this.watch();
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    await Promise.all(
      this.awaited()
        .slice(0, AT_ONCE)
        .map(async (assetId) => {
          try {
            if ((await this.stateOf(assetId)) !== 'processing') this.prepared(assetId);
          } catch {
            // The next round asks again.
          }
        }),
    );
    this.asking = false;
  }
}
