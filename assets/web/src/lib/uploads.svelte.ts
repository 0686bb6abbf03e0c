import { get, post, remove } from '../api/client';
import { ApiError, OfflineError } from '../api/errors';
import type { Repository } from '../api/types';
import { sendChunk, sendFile } from '../api/upload';
import { t, tn } from '../i18n';
import { events } from './events.svelte';
import { errorText } from './format';
import { library } from './library.svelte';
import { router } from './router.svelte';
import { session } from './session.svelte';
import { toasts } from './toasts.svelte';
import { FileUnreadable, type UploadEntry, type UploadState } from './upload/entry';
import { fromDrop, fromPaste, type Gathered } from './upload/gather';
import { Hasher } from './upload/hasher';
import { link } from './upload/link.svelte';
import { Precheck } from './upload/precheck';
import { Preparation } from './upload/preparation';
import { STATES, UploadQueue, type Arrival, type Totals, type Work } from './upload/queue';
import { Resumption } from './upload/resumption.svelte';
import { Sender } from './upload/sender';
import { Slots } from './upload/slots';
import { Speed } from './upload/speed';

const REDRAW_MS = 120;
const ROWS = 100;
/** Names of files left out that are kept for those who ask. */
const NAMED = 2_000;

export const FILTERS = {
  all: STATES,
  open: ['sending', 'checking', 'paused', 'waiting'],
  failed: ['failed'],
  duplicate: ['duplicate'],
  added: ['processing', 'added'],
} as const satisfies Record<string, readonly UploadState[]>;

export type Filter = keyof typeof FILTERS;

/** The queue as pages see it: redrawn a few times a second at most, however many files report progress. */
class Uploads {
  totals = $state.raw<Totals>(EMPTY);
  /** Copies of the entries that are listed, because the queue changes its own in place. */
  rows = $state.raw<UploadEntry[]>([]);
  filter = $state<Filter>('all');
  limit = $state(ROWS);
  /** Bytes a second, and what is left at that speed; null while nothing can be said. */
  rate = $state<number | null>(null);
  secondsLeft = $state<number | null>(null);
  stalled = $state(false);
  /** Pictures found so far in folders that are still being read. */
  gathering = $state<number | null>(null);
  skipped = $state.raw<string[]>([]);
  unreadable = $state.raw<string[]>([]);
  /** False once its result has been looked at, so that the top bar falls quiet. */
  news = $state(false);
  repositories = $state.raw<Repository[]>([]);
  /** Id of the repository that new files go to; empty for the primary one. */
  target = $state('');

  readonly resumption = new Resumption(discardSession);
  readonly shown = $derived(FILTERS[this.filter].reduce((sum, state) => sum + this.totals.counts[state], 0));

  private readonly hasher = new Hasher(lanes());
  private readonly precheck = new Precheck(async (hashes, repository) => {
    const body = { hashes, ...(repository && { repository_id: repository }) };
    return (await post('/api/v1/assets/precheck', { body })).results;
  });
  private readonly sender = new Sender(
    {
      config: (signal) => get('/api/v1/assets/batch/config', { signal }),
      received: receivedChunks,
      file: sendFile,
      chunk: sendChunk,
    },
    link,
  );
  private readonly queue = new UploadQueue(this.work(), (entry) => this.changed(entry), {
    check: this.hasher.size,
    send: 3,
  });
  private readonly preparation = new Preparation(
    () => this.queue.processing(),
    async (ids) => {
      const body = { filter: { asset_ids: ids }, pagination: { limit: ids.length } };
      const { items = [] } = await post('/api/v1/assets/list', { body });
      return new Map(items.map(({ asset }) => [asset.asset_id, asset.processing.state]));
    },
    (assetId, faulty) => this.queue.prepared(assetId, faulty),
  );
  private readonly speed = new Speed();
  private readonly names = new Map<string, Promise<string | null>>();
  private readonly lookUps = new Slots(2);
  private readonly copies = new WeakMap<UploadEntry, UploadEntry>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private account = '';

  constructor() {
    session.onSignOut(() => this.signedOut());
    events.on('assets', (news) => this.preparation.hear(news));
    $effect.root(() => {
      $effect(() => {
        if (session.user) void this.signedIn(`${session.user.user_id}:${session.user.created_at}`);
      });
    });
    addEventListener('beforeunload', (event) => {
      // What has a handle goes on by itself when the page is there again.
      if (this.queue.some((entry) => !entry.source)) event.preventDefault();
    });
  }

  add({ picked, skipped, unreadable }: Gathered): void {
    const { arrivals, resumed } = this.resumption.claim(picked, this.target);
    this.enter(arrivals);
    this.skipped = [...this.skipped, ...skipped].slice(-NAMED);
    this.unreadable = [...this.unreadable, ...unreadable].slice(-NAMED);
    if (resumed) toasts.show(tn('upload.resumed', resumed));
    // The page itself shows them one by one.
    else if (picked.length && router.match.page !== 'upload') toasts.show(tn('upload.queued', picked.length));
    if (skipped.length && router.match.page !== 'upload') toasts.show(tn('upload.skipped', skipped.length));
    if (!picked.length && !skipped.length) toasts.show(t('upload.nothing'));
  }

  async drop(data: DataTransfer): Promise<void> {
    try {
      this.add(await fromDrop(data, (count) => (this.gathering = count)));
    } finally {
      this.gathering = null;
    }
  }

  /** True when there were pictures in it. */
  paste(data: DataTransfer): boolean {
    const gathered = fromPaste(data, new Date());
    if (gathered.picked.length) this.add(gathered);
    return gathered.picked.length > 0;
  }

  pause = (id: number): void => this.after(() => this.queue.pause(id));
  resume = (id: number): void => this.after(() => this.queue.resume(id));
  cancel = (id: number): void => this.after(() => this.queue.cancel(id));
  retry = (id: number): void => this.after(() => this.queue.retry(id));
  pauseAll = (): void => this.after(() => this.queue.pauseAll());
  resumeAll = (): void => this.after(() => this.queue.resumeAll());
  cancelAll = (): void => this.after(() => this.queue.cancelAll());
  retryFailed = (): void => this.after(() => this.queue.retryFailed());

  clearFinished = (): void =>
    this.after(() => {
      this.queue.clearFinished();
      this.skipped = [];
      this.unreadable = [];
      this.filter = 'all';
      this.limit = ROWS;
    });

  show = (filter: Filter): void =>
    this.after(() => {
      this.filter = filter;
      this.limit = ROWS;
    });

  showMore = (): void => this.after(() => (this.limit += ROWS));

  /** Takes up what an earlier page left, as far as the browser lets us reach the files. */
  continueLeftovers = async (): Promise<void> => this.goOn(await this.resumption.takeReachable(true));

  /** Where files can go; everybody but administrators has the primary one only. */
  async loadRepositories(): Promise<void> {
    if (!session.isAdmin) return;
    try {
      this.repositories = (await get('/api/v1/repositories')).repositories;
      if (!this.repositories.some(({ id }) => id === this.target)) this.target = '';
    } catch {
      // Then everything goes to the primary one.
    }
  }

  /** The name that an asset has in the library; asked for only where it is shown. */
  nameOf(assetId: string): Promise<string | null> {
    let name = this.names.get(assetId);
    if (!name) {
      const look = () => get('/api/v1/assets/{id}', { path: { id: assetId } });
      name = this.lookUps
        .use(new AbortController().signal, look)
        .then((asset) => asset.original_filename)
        .catch(() => null);
      this.names.set(assetId, name);
    }
    return name;
  }

  private work(): Work {
    return {
      check: async (entry, run) => {
        // A session tells by itself what became of its file, and its name for "already there" would be our own.
        if (entry.session) return null;
        const hash = entry.hash ?? (await this.hasher.hash(entry.file, run.progress, run.signal));
        if (!hash) return null;
        run.remember({ hash });
        const assetId = await this.precheck.ask(hash, entry.repository);
        return assetId ? { status: 'duplicate', assetId } : null;
      },
      send: (entry, run) => this.sender.send(entry, run),
      discard: discardSession,
      describe,
    };
  }

  /** The same copy as long as nothing changes: then its row need not be drawn again. */
  private copyOf(entry: UploadEntry): UploadEntry {
    let copy = this.copies.get(entry);
    if (!copy) {
      copy = { ...entry };
      this.copies.set(entry, copy);
    }
    return copy;
  }

  private async signedIn(account: string): Promise<void> {
    if (account === this.account) return;
    this.account = account;
    this.goOn(await this.resumption.open(account));
  }

  private signedOut(): void {
    this.account = '';
    this.resumption.close();
    this.queue.drop();
    this.names.clear();
    this.repositories = [];
    this.target = '';
    this.skipped = [];
    this.unreadable = [];
    this.news = false;
    this.redraw();
  }

  private goOn(arrivals: readonly Arrival[]): void {
    this.enter(arrivals);
    if (arrivals.length) toasts.show(tn('upload.resumed', arrivals.length));
  }

  private enter(arrivals: readonly Arrival[]): void {
    if (!arrivals.length) return;
    this.news = true;
    this.queue.add(arrivals);
    this.resumption.save();
  }

  private after(change: () => void): void {
    change();
    this.redraw();
  }

  private changed(entry: UploadEntry): void {
    if (entry.state === 'processing' && entry.assetId) {
      library.expect(entry.assetId);
      this.preparation.watch();
    }
    this.resumption.note(entry);
    this.copies.delete(entry);
    this.timer ??= setTimeout(() => this.redraw(), REDRAW_MS);
  }

  private redraw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const totals = this.queue.totals();
    this.totals = totals;
    this.rows = this.queue.list(FILTERS[this.filter], this.limit).map((entry) => this.copyOf(entry));
    this.stalled = this.queue.some((entry) => entry.stalled);
    if (!totals.counts.sending) this.speed.reset();
    this.rate = totals.counts.sending ? this.speed.at(totals.sent) : null;
    this.secondsLeft = this.rate ? (totals.bytes - totals.bytesThrough) / this.rate : null;
  }
}

const EMPTY: Totals = {
  files: 0,
  finished: 0,
  counts: Object.fromEntries(STATES.map((state) => [state, 0])) as Totals['counts'],
  active: false,
  bytes: 0,
  bytesThrough: 0,
  part: 0,
  sent: 0,
};

/** Half of the processors: the rest is for the page and the network. */
function lanes(): number {
  return Math.min(4, Math.max(1, Math.floor((navigator.hardwareConcurrency || 2) / 2)));
}

async function receivedChunks(id: string, signal: AbortSignal): Promise<number[]> {
  const { sessions } = await get('/api/v1/assets/batch/progress', { query: { session_ids: id }, signal });
  return sessions.find((one) => one.session_id === id)?.received ?? [];
}

/** Where that fails, the server forgets it by itself after a day. */
function discardSession(id: string): void {
  remove('/api/v1/assets/batch/{session_id}', { path: { session_id: id } }).catch(() => {});
}

function describe(error: unknown): string {
  if (error instanceof OfflineError) return t('upload.interrupted');
  if (error instanceof FileUnreadable)
    return t(error.reason === 'gone' ? 'upload.file_gone' : 'upload.file_changed');
  if (error instanceof ApiError && error.status === 200 && !error.message) return t('upload.refused');
  return errorText(error);
}

export const uploads = new Uploads();
