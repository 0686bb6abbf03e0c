/** So many things at once, the others in the order in which they came. */
export class Slots {
  private taken = 0;
  private readonly line: (() => void)[] = [];

  constructor(public limit: number) {}

  async use<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    await this.enter(signal);
    try {
      return await task();
    } finally {
      this.taken--;
      this.admit();
    }
  }

  private enter(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const go = () => {
        signal.removeEventListener('abort', leave);
        this.taken++;
        resolve();
      };
      const leave = () => {
        this.line.splice(this.line.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.line.push(go);
      this.admit();
    });
  }

  private admit(): void {
    while (this.taken < this.limit && this.line.length) this.line.shift()!();
  }
}
