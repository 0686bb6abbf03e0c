import { ApiError } from '../api/errors';
import { t } from '../i18n';
import { formatWait } from './format';

/** Counts down after too many attempts, for the form that must wait. */
export class Lockout {
  private left = $state(0);
  private timer: ReturnType<typeof setInterval> | undefined;

  get closed(): boolean {
    return this.left > 0;
  }

  get text(): string {
    return this.left > 0 ? t('login.wait', { time: formatWait(this.left) }) : '';
  }

  /** Whether an error says how long to wait; then the waiting begins. */
  begins(error: unknown): boolean {
    if (!(error instanceof ApiError) || error.status !== 429 || !error.retryAfter) return false;
    const end = Date.now() + error.retryAfter * 1000;
    this.stop();
    this.left = error.retryAfter;
    // From the clock, because timers are slowed down while a page is hidden.
    this.timer = setInterval(() => {
      this.left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (!this.left) this.stop();
    }, 1000);
    return true;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
