import { ACTIVE, type Picked, type UploadEntry } from './entry';
import { randomId } from './ids';
import { HandleIds, LeftoverStore, matchLeftovers, mayRead, reopen, type Leftover } from './leftovers';
import { Presence } from './presence';
import type { Arrival } from './queue';

const PAGE = randomId();
const STARTED = Date.now();

/** What earlier pages of this account left unfinished, and the memory of what this one has under way. */
export class Resumption {
  list = $state.raw<Leftover[]>([]);
  /** Some can be taken up without choosing their files again. */
  reachable = $state(false);
  busy = $state(false);

  private account: string | null = null;
  private handles = new Map<string, FileSystemHandle>();
  private readonly store = new LeftoverStore();
  private readonly presence = new Presence(PAGE, () => void this.refresh());
  /** What is written of each file of this page, so that mere progress writes nothing. */
  private written = new Map<string, string>();
  /** All that this page ever had; what becomes of it is no news for this page. */
  private readonly mine = new Set<string>();
  private ids = this.freshIds();
  /** While the page goes away everything under way fails, which says nothing about the files. */
  private leaving = false;

  constructor(private readonly discardSession: (session: string) => void) {
    addEventListener('pagehide', () => {
      this.leaving = true;
      void this.store.flush();
    });
    addEventListener('pageshow', () => (this.leaving = false));
  }

  /** Looks what the account left behind; gives back those that may go on without a question. */
  async open(account: string): Promise<Arrival[]> {
    this.account = account;
    await this.refresh();
    return account === this.account ? this.takeReachable(false) : [];
  }

  /** Somebody signed out; what is unfinished waits for the same account. */
  close(): void {
    this.account = null;
    this.list = [];
    this.reachable = false;
    this.handles.clear();
    this.written.clear();
    this.mine.clear();
    this.ids = this.freshIds();
    void this.store.flush();
  }

  /** Remembers an entry while it is unfinished, and forgets it afterwards. */
  note(entry: UploadEntry): void {
    if (!this.account || this.leaving) return;
    const { key, state } = entry;
    if (!ACTIVE.has(state) && state !== 'paused') {
      if (this.written.delete(key)) this.store.remove(key);
      return;
    }
    const signature = `${entry.hash}|${entry.session}|${state === 'paused'}`;
    if (this.written.get(key) === signature) return;
    this.mine.add(key);
    this.written.set(key, signature);
    this.store.put(this.record(entry, this.account));
  }

  /** New files are remembered at once: a page may go at any moment. */
  save(): void {
    void this.store.flush();
  }

  /** Gives files that are leftovers what is known of them; those are leftovers no more. */
  claim(picked: readonly Picked[], repository: string): { arrivals: Arrival[]; resumed: number } {
    const matches = matchLeftovers(picked, this.list);
    const arrivals = picked.map((one): Arrival => {
      const leftover = matches.get(one);
      return leftover
        ? { ...one, repository: leftover.repository, remembered: leftover }
        : { ...one, repository };
    });
    if (matches.size) this.take(new Set(matches.values()));
    return { arrivals, resumed: matches.size };
  }

  /** Those whose files the browser still lets us read; with `ask` it may put the question to the person. */
  async takeReachable(ask: boolean): Promise<Arrival[]> {
    const account = this.account;
    this.busy = true;
    try {
      const open = await this.permitted(ask);
      const arrivals: Arrival[] = [];
      const taken = new Set<Leftover>();
      for (const leftover of this.list) {
        const handle = open.get(leftover.handle ?? '');
        // Those that were paused wait for a click.
        if (!handle || (leftover.paused && !ask)) continue;
        const file = await reopen(handle, leftover.steps);
        if (!file || file.size !== leftover.size || file.lastModified !== leftover.lastModified) continue;
        const { folder, repository, steps } = leftover;
        arrivals.push({ file, folder, repository, source: { handle, steps }, remembered: leftover });
        taken.add(leftover);
      }
      if (account !== this.account) return [];
      this.take(taken);
      return arrivals;
    } finally {
      this.busy = false;
    }
  }

  discard(): void {
    for (const { key, session } of this.list) {
      this.store.remove(key);
      if (session) this.discardSession(session);
    }
    this.show([]);
    void this.store.flush().then(() => this.presence.tell());
  }

  private async permitted(ask: boolean): Promise<Map<string, FileSystemHandle>> {
    const open = new Map<string, FileSystemHandle>();
    const wanted = new Set(this.list.map((leftover) => leftover.handle));
    for (const [id, handle] of this.handles)
      if (wanted.has(id) && (await mayRead(handle, ask))) open.set(id, handle);
    return open;
  }

  private async refresh(): Promise<void> {
    const account = this.account;
    if (!account) return;
    const others = await this.presence.others();
    const { files, handles } = await this.store.load(account);
    if (account !== this.account) return;
    this.handles = handles;
    this.show(files.filter(({ key, page }) => !this.mine.has(key) && !others.has(page)));
  }

  private take(taken: ReadonlySet<Leftover>): void {
    if (!taken.size) return;
    this.show(this.list.filter((leftover) => !taken.has(leftover)));
    // Not before they have been entered here, or another page would offer them again.
    setTimeout(() => void this.store.flush().then(() => this.presence.tell()));
  }

  private show(list: Leftover[]): void {
    this.list = list;
    this.reachable = list.some(({ handle }) => handle !== null && this.handles.has(handle));
  }

  private record(entry: UploadEntry, account: string): Leftover {
    const { key, file, folder, repository, hash, session, chunkSize, source } = entry;
    return {
      key,
      account,
      page: PAGE,
      order: STARTED + entry.id,
      name: file.name,
      size: file.size,
      lastModified: file.lastModified,
      folder,
      repository,
      hash,
      session,
      chunkSize,
      handle: this.ids.of(source),
      steps: [...(source?.steps ?? [])],
      paused: entry.state === 'paused',
    };
  }

  private freshIds(): HandleIds {
    return new HandleIds((handle) => {
      const id = randomId();
      if (this.account) this.store.putHandle({ id, account: this.account, handle });
      return id;
    });
  }
}
