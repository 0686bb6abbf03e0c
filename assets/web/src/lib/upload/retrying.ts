import { ApiError, OfflineError } from '../../api/errors';

/** The connection to the server, as those who wait for it see it. */
export interface Link {
  /** Resolves when it is worth trying again, after `ms` at the earliest unless news come; rejects when aborted. */
  restored(ms: number, signal: AbortSignal): Promise<void>;
  /** Whether the server answers anything at all. */
  up(): boolean;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
/** As often in a row, while the server answers other calls: then it is no passing trouble. */
const PATIENCE = 8;
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

export function isPassing(error: unknown): boolean {
  return error instanceof OfflineError || (error instanceof ApiError && PASSING.has(error.status));
}

/** Waiting time before attempt number `attempt` + 1: doubled each time, scattered by a quarter. */
export function backoff(attempt: number, random = Math.random): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.75 + random() / 2);
}

/**
 * Does `task` again until it works, the error is one that stays, or patience ends. While the server is away
 * altogether there is no end to patience.
 */
export async function retrying<T>(
  task: (attempt: number) => Promise<T>,
  link: Link,
  signal: AbortSignal,
  stalled: (is: boolean) => void,
): Promise<T> {
  let failures = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await task(attempt);
      if (attempt) stalled(false);
      return result;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      if (link.up() && ++failures >= PATIENCE) throw error;
    }
    stalled(true);
    await link.restored(backoff(Math.min(attempt, 5)), signal);
    stalled(false);
  }
}
