import { get, post } from '../api/client';
import type { JobStateCounts, QueueSummaryList, Repository, ScanRun } from '../api/types';
import { library } from './library.svelte';

const POLL_MS = 4_000;
const SCAN_POLL_MS = 1_500;

export function scanActive(scan: ScanRun | null): boolean {
  return scan?.status === 'queued' || scan?.status === 'running';
}

/** The figures of the activity page while it is open. */
export class Activity {
  counts = $state.raw<JobStateCounts | null>(null);
  summary = $state.raw<QueueSummaryList | null>(null);
  repository = $state.raw<Repository | null>(null);
  scan = $state.raw<ScanRun | null>(null);
  error = $state.raw<unknown>(null);
  scanError = $state.raw<unknown>(null);
  starting = $state(false);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  start(): () => void {
    void this.round();
    return () => {
      this.stopped = true;
      clearTimeout(this.timer);
    };
  }

  async reload(): Promise<void> {
    clearTimeout(this.timer);
    await this.round();
  }

  async startScan(): Promise<void> {
    const id = this.repository?.id;
    if (!id || this.starting) return;
    this.starting = true;
    this.scanError = null;
    try {
      await post('/api/v1/repositories/{id}/scan', { path: { id }, body: { force: true } });
      await this.loadScan();
      await this.reload();
    } catch (error) {
      this.scanError = error;
    } finally {
      this.starting = false;
    }
  }

  private async round(): Promise<void> {
    if (!document.hidden) {
      try {
        const [counts, summary] = await Promise.all([
          get('/api/v1/admin/river/stats'),
          get('/api/v1/admin/river/queue-summary', { query: { error_limit: 5 } }),
          this.loadScan(),
        ]);
        this.counts = counts;
        this.summary = summary;
        this.error = null;
      } catch (error) {
        this.error = error;
      }
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.round(), scanActive(this.scan) ? SCAN_POLL_MS : POLL_MS);
  }

  private async loadScan(): Promise<void> {
    if (!this.repository) {
      const { repositories } = await get('/api/v1/repositories');
      this.repository = repositories.find((repository) => repository.is_primary) ?? null;
    }
    const id = this.repository?.id;
    if (!id) return;
    const before = this.scan;
    const { scans } = await get('/api/v1/repositories/{id}/scans', { path: { id }, query: { limit: 1 } });
    this.scan = scans[0] ?? null;
    if (scanActive(before) && !scanActive(this.scan)) library.lookForNews();
  }
}
