import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from './pace';

describe('Pace', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('does at once what is asked for first, and gathers what is asked for soon after', async () => {
    const work = vi.fn(async () => {});
    const pace = new Pace(work, 1_000);
    pace.ask();
    await vi.advanceTimersByTimeAsync(0);
    expect(work).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 50; i++) {
      pace.ask();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(work).toHaveBeenCalledTimes(6);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(6);
  });

  it('never works twice at the same time and forgets nothing', async () => {
    let running = 0;
    const work = vi.fn(async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      running--;
    });
    const pace = new Pace(work, 1_000);
    pace.ask();
    await vi.advanceTimersByTimeAsync(4_999);
    pace.ask();
    pace.ask();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('does nothing more once it has been stopped', async () => {
    const work = vi.fn(async () => {});
    const pace = new Pace(work, 1_000);
    pace.ask();
    pace.stop();
    pace.ask();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).not.toHaveBeenCalled();
  });
});
