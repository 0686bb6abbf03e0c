const WINDOW_MS = 12_000;
const STEP_MS = 500;
/** Before that a figure would only be noise. */
const SETTLING_MS = 2_000;

/** How fast a sum of bytes grew over the last seconds. */
export class Speed {
  private samples: { at: number; bytes: number }[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Bytes a second, given the sum so far; null while there is too little to go by. */
  at(bytes: number): number | null {
    const now = this.now();
    const last = this.samples.at(-1);
    if (!last || now - last.at >= STEP_MS) this.samples.push({ at: now, bytes });
    while (this.samples.length > 2 && now - this.samples[1]!.at >= WINDOW_MS) this.samples.shift();
    const first = this.samples[0]!;
    return now - first.at < SETTLING_MS ? null : ((bytes - first.bytes) / (now - first.at)) * 1000;
  }

  reset(): void {
    this.samples = [];
  }
}
