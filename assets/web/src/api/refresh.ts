import type { Tokens, TokenStore } from './tokens';

const LOCK = 'lumilio-refresh';
const ARRIVAL_MS = 250;

/** Runs one task at a time under a name shared by all tabs; without Web Locks (plain http) only in this tab. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>;

export const acrossTabs: Exclusive = async (task) => {
  if (typeof navigator === 'undefined' || !navigator.locks) return task();
  const first = await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) =>
    lock ? { result: await task() } : null,
  );
  if (first) return first.result;
  const stored = new Promise((resolve) => addEventListener('storage', resolve, { once: true }));
  return await navigator.locks.request(LOCK, async () => {
    // What the tab before stored may arrive here a moment after its lock.
    await Promise.race([stored, new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS))]);
    return task();
  });
};

/**
 * Renews the session once however many calls fail together. `failed` is the access token a call was refused
 * with: when the store already holds another one, someone else has renewed it and nothing is sent.
 * Resolves to the tokens to go on with, or null when the session is over; rejects when the server is away.
 */
export class Refresher {
  private running: Promise<Tokens | null> | null = null;

  constructor(
    private readonly store: TokenStore,
    private readonly renew: (tokens: Tokens) => Promise<Tokens | null>,
    private readonly exclusive: Exclusive = acrossTabs,
  ) {}

  refresh(failed: string): Promise<Tokens | null> {
    const newer = this.newerThan(failed);
    if (newer) return Promise.resolve(newer);
    this.running ??= this.exclusive(() => this.run(failed)).finally(() => (this.running = null));
    return this.running;
  }

  private newerThan(failed: string): Tokens | null {
    const tokens = this.store.read();
    return tokens && tokens.access !== failed ? tokens : null;
  }

  private async run(failed: string): Promise<Tokens | null> {
    const newer = this.newerThan(failed);
    if (newer) return newer;
    const held = this.store.read();
    if (!held) return null;
    const renewed = await this.renew(held);
    if (!renewed) {
      // Another tab without the lock may have won the race with the same refresh token.
      const winner = this.newerThan(failed);
      if (winner) return winner;
    }
    this.store.write(renewed);
    return renewed;
  }
}
