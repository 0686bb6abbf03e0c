import { get, patch, post, remove } from '../api/client';
import type { JobChange, Repository, RepositoryCreate, RepositoryPatch, ScanRun } from '../api/types';
import { events } from './events.svelte';
import type { News } from './event-stream';
import { Pace } from './pace';
import { mergeScans, scanActive } from './repositories';

const LOAD_MS = 1_000;
const COUNT_MS = 2_000;
/** No event tells of a disk that comes or goes. */
const LOOK_MS = 15_000;
const HISTORY = 10;

/** A repository with what its card shows. */
export interface Shelf {
  repository: Repository;
  photos: number | null;
  scan: ScanRun | null;
}

interface Asked {
  jobId: number;
  /** The latest run when the scan was asked for; another one means that it has begun. */
  before: string | undefined;
}

/** The repositories while their page is open. */
export class Repositories {
  shelves = $state.raw<Shelf[] | null>(null);
  error = $state.raw<unknown>(null);
  private turn = 0;
  private asked = $state.raw<ReadonlyMap<string, Asked>>(new Map());
  private readonly loading = new Pace(() => this.load(), LOAD_MS);
  private readonly counting = new Pace(() => this.count(), COUNT_MS);

  start(): () => void {
    const off = [
      events.on('repositories', () => this.loading.ask()),
      events.on('scans', (news) => this.hearScans(news)),
      events.on('jobs', (news) => this.hearJobs(news)),
      events.on('assets', () => this.counting.ask()),
    ];
    const timer = setInterval(() => !document.hidden && this.loading.ask(), LOOK_MS);
    this.loading.ask();
    return () => {
      clearInterval(timer);
      this.loading.stop();
      this.counting.stop();
      for (const end of off) end();
    };
  }

  reload(): void {
    this.loading.ask();
  }

  /** Whether a scan has been asked for that has not begun. */
  waits({ repository, scan }: Shelf): boolean {
    const asked = this.asked.get(repository.id);
    return asked !== undefined && asked.before === scan?.scan_id;
  }

  async add(body: RepositoryCreate): Promise<Repository> {
    const { repository } = await post('/api/v1/repositories', { body: { ...body, role: 'regular' } });
    await this.load();
    // What the folder holds already is what it was added for.
    await this.scan(repository.id, false).catch(() => {});
    return repository;
  }

  async change(id: string, body: RepositoryPatch): Promise<void> {
    await patch('/api/v1/repositories/{id}', { path: { id }, body });
    await this.load();
  }

  async unregister(id: string): Promise<void> {
    await remove('/api/v1/repositories/{id}', { path: { id } });
    await this.load();
  }

  async scan(id: string, force: boolean): Promise<void> {
    const before = this.shelves?.find((shelf) => shelf.repository.id === id)?.scan?.scan_id;
    const { job_id } = await post('/api/v1/repositories/{id}/scan', { path: { id }, body: { force } });
    this.asked = new Map(this.asked).set(id, { jobId: job_id, before });
    this.loading.ask();
  }

  async history(id: string, offset: number): Promise<{ scans: ScanRun[]; more: boolean }> {
    const query = { limit: HISTORY, offset };
    const { scans } = await get('/api/v1/repositories/{id}/scans', { path: { id }, query });
    return { scans, more: scans.length === HISTORY };
  }

  private hearScans({ changed, truncated }: News<ScanRun>): void {
    if (truncated) this.loading.ask();
    if (!changed.length || !this.shelves) return;
    this.shelves = this.shelves.map((shelf) => {
      const own = changed.filter((run) => run.repository_id === shelf.repository.id);
      if (!own.length) return shelf;
      const scan = mergeScans(shelf.scan ? [shelf.scan] : [], own)[0]!;
      if (!scanActive(scan)) this.counting.ask();
      return { ...shelf, scan };
    });
  }

  private hearJobs({ changed }: News<JobChange>): void {
    const over = new Set(
      changed
        .filter((job) => ['completed', 'cancelled', 'discarded'].includes(job.state))
        .map((job) => job.job_id),
    );
    const left = [...this.asked].filter(([, { jobId }]) => !over.has(jobId));
    if (left.length < this.asked.size) this.asked = new Map(left);
  }

  private async load(): Promise<void> {
    const turn = ++this.turn;
    try {
      const { repositories } = await get('/api/v1/repositories');
      const latest = await Promise.all(repositories.map(({ id }) => latestScan(id)));
      if (turn !== this.turn) return;
      const known = new Map(this.shelves?.map((shelf) => [shelf.repository.id, shelf]));
      this.shelves = repositories.map((repository, i) => {
        const before = known.get(repository.id);
        return { repository, photos: before?.photos ?? null, scan: newer(before?.scan ?? null, latest[i]!) };
      });
      this.error = null;
      this.counting.ask();
    } catch (error) {
      if (turn === this.turn) this.error = error;
    }
  }

  private async count(): Promise<void> {
    const ids = this.shelves?.map((shelf) => shelf.repository.id) ?? [];
    try {
      const totals = new Map(await Promise.all(ids.map(async (id) => [id, await countOf(id)] as const)));
      this.shelves =
        this.shelves?.map((shelf) => ({
          ...shelf,
          photos: totals.get(shelf.repository.id) ?? shelf.photos,
        })) ?? null;
    } catch {
      // The next change counts again.
    }
  }
}

async function latestScan(id: string): Promise<ScanRun | null> {
  const { scans } = await get('/api/v1/repositories/{id}/scans', { path: { id }, query: { limit: 1 } });
  return scans[0] ?? null;
}

/** An answer that was overtaken by an event must not open a finished run again. */
function newer(heard: ScanRun | null, answered: ScanRun | null): ScanRun | null {
  const overtaken = heard && heard.scan_id === answered?.scan_id && !scanActive(heard);
  return overtaken ? heard : answered;
}

async function countOf(id: string): Promise<number> {
  const page = await post('/api/v1/assets/list', {
    body: { filter: { repository_id: id }, pagination: { limit: 1 } },
  });
  return page.total_visible;
}
