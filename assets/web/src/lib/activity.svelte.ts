import { get, post } from '../api/client';
import type { JobStateCounts, QueueSummaryList } from '../api/types';
import { events } from './events.svelte';
import { Pace } from './pace';

const RELOAD_MS = 1_000;
const SAMPLES = 20;

/** The figures of the jobs page while it is open, and what can be done about them. */
export class Activity {
  counts = $state.raw<JobStateCounts | null>(null);
  summary = $state.raw<QueueSummaryList | null>(null);
  error = $state.raw<unknown>(null);
  private turn = 0;
  private readonly pace = new Pace(() => this.load(), RELOAD_MS);

  start(): () => void {
    const off = events.on('jobs', () => this.pace.ask());
    this.pace.ask();
    return () => {
      off();
      this.pace.stop();
    };
  }

  reload(): void {
    this.pace.ask();
  }

  retry(jobId: number): Promise<void> {
    return this.act(post('/api/v1/admin/river/jobs/{job_id}/retry', { path: { job_id: String(jobId) } }));
  }

  cancel(jobId: number): Promise<void> {
    return this.act(post('/api/v1/admin/river/jobs/{job_id}/cancel', { path: { job_id: String(jobId) } }));
  }

  retryAll(name: string): Promise<void> {
    return this.act(post('/api/v1/admin/river/queues/{name}/retry', { path: { name } }));
  }

  pause(name: string): Promise<void> {
    return this.act(post('/api/v1/admin/river/queues/{name}/pause', { path: { name } }));
  }

  resume(name: string): Promise<void> {
    return this.act(post('/api/v1/admin/river/queues/{name}/resume', { path: { name } }));
  }

  /** Refused or not, the figures may have changed meanwhile. */
  private async act(answer: Promise<unknown>): Promise<void> {
    try {
      await answer;
    } finally {
      await this.load();
    }
  }

  private async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const [counts, summary] = await Promise.all([
        get('/api/v1/admin/river/stats'),
        get('/api/v1/admin/river/queue-summary', { query: { error_limit: SAMPLES } }),
      ]);
      if (turn !== this.turn) return;
      this.counts = counts;
      this.summary = summary;
      this.error = null;
    } catch (error) {
      if (turn === this.turn) this.error = error;
    }
  }
}
