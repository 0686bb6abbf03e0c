import { sendFile } from '../api/upload';
import { OfflineError } from '../api/errors';
import { t, tn } from '../i18n';
import type { Gathered } from './files';
import { errorText } from './format';
import { library } from './library.svelte';
import { router } from './router.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';
import { UploadQueue, type UploadEntry, type UploadTotals } from './upload-queue';

const REDRAW_MS = 120;

const RANK = { sending: 0, failed: 1, waiting: 2, added: 3, duplicate: 3, cancelled: 4 } as const;

/** The queue as pages see it: redrawn a few times a second at most, however many files report progress. */
class Uploads {
  totals = $state.raw<UploadTotals>(empty());
  entries = $state.raw<UploadEntry[]>([]);
  /** False once its result has been looked at, so that the top bar falls quiet. */
  news = $state(false);

  private readonly queue = new UploadQueue(sendFile, (entry) => this.changed(entry), describe);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    session.onSignOut(() => this.queue.clear());
    addEventListener('beforeunload', (event) => {
      if (this.totals.active) event.preventDefault();
    });
  }

  add({ files, skipped }: Gathered): void {
    if (files.length) {
      this.queue.add(files);
      this.news = true;
      // The page itself shows them one by one.
      if (router.match.page !== 'upload') toasts.show(tn('upload.queued', files.length));
    }
    if (skipped) toasts.show(tn('upload.skipped', skipped));
    if (!files.length && !skipped) toasts.show(t('upload.nothing'));
  }

  cancel = (id: number): void => this.queue.cancel(id);
  retry = (id: number): void => this.queue.retry(id);
  cancelAll = (): void => this.queue.cancelAll();
  retryFailed = (): void => this.queue.retryFailed();
  clearFinished = (): void => this.queue.clearFinished();

  private changed(entry: UploadEntry | null): void {
    if (entry?.state === 'added' && entry.assetId) library.expect(entry.assetId);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.totals = this.queue.totals();
      // Copies, because the queue changes its entries in place and pages compare by identity.
      this.entries = this.queue.entries
        .map((item) => ({ ...item }))
        .sort((a, b) => RANK[a.state] - RANK[b.state] || a.id - b.id);
    }, REDRAW_MS);
  }
}

function empty(): UploadTotals {
  return { files: 0, finished: 0, added: 0, duplicates: 0, failed: 0, active: false, part: 0 };
}

function describe(error: unknown): string {
  return error instanceof OfflineError ? t('upload.interrupted') : errorText(error);
}

export const uploads = new Uploads();
