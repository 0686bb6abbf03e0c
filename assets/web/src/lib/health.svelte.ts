import { get, onClientEvent } from '../api/client';

const CALM_MS = 30_000;
const ANXIOUS_MS = 2_000;

/** Whether the server answers. Any failed call makes it doubt; it then asks until there is an answer again. */
class Health {
  online = $state(true);
  trying = $state(false);
  /** Counts recoveries, so that pages can load again what failed. */
  recoveries = $state(0);
  private timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    onClientEvent((event) => {
      if (event === 'offline' && this.online && !this.trying) void this.check();
    });
    addEventListener('online', () => void this.check());
    this.schedule(CALM_MS);
  }

  async check(): Promise<void> {
    if (this.trying) return;
    this.trying = true;
    clearTimeout(this.timer);
    const controller = new AbortController();
    const limit = setTimeout(() => controller.abort(), 5_000);
    try {
      await get('/api/v1/health', { anonymous: true, signal: controller.signal });
      if (!this.online) this.recoveries++;
      this.online = true;
    } catch {
      this.online = false;
    } finally {
      clearTimeout(limit);
      this.trying = false;
      this.schedule(this.online ? CALM_MS : ANXIOUS_MS);
    }
  }

  private schedule(ms: number): void {
    this.timer = setTimeout(() => {
      if (document.hidden && this.online) this.schedule(CALM_MS);
      else void this.check();
    }, ms);
  }
}

export const health = new Health();
