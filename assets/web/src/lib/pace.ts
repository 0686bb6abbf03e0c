/**
 * Does work when it is asked to, however often: never twice at the same time, and not sooner than `ms` after
 * it was last done. What is asked for meanwhile is done once, later.
 */
export class Pace {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private notBefore = 0;
  private busy = false;
  private again = false;
  private stopped = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly ms: number,
  ) {}

  ask(): void {
    if (this.stopped) return;
    if (this.busy) this.again = true;
    else this.timer ??= setTimeout(() => void this.run(), Math.max(0, this.notBefore - Date.now()));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.timer = undefined;
    this.busy = true;
    this.again = false;
    try {
      await this.work();
    } finally {
      this.busy = false;
      this.notBefore = Date.now() + this.ms;
      if (this.again) this.ask();
    }
  }
}
