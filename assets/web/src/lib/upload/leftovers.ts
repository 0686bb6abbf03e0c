import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Picked, Progress, Source } from './entry';

/** A file that was not through; enough to know it again when it is chosen once more. */
export interface Leftover extends Progress {
  key: string;
  account: string;
  /** The page that has it in its queue, or had. */
  page: string;
  order: number;
  name: string;
  size: number;
  lastModified: number;
  folder: string;
  repository: string;
  /** Key of the handle that leads to it, and the way from there. */
  handle: string | null;
  steps: readonly string[];
  paused: boolean;
}

export interface StoredHandle {
  id: string;
  account: string;
  handle: FileSystemHandle;
}

interface Schema extends DBSchema {
  files: { key: string; value: Leftover; indexes: { account: string } };
  handles: { key: string; value: StoredHandle; indexes: { account: string } };
}

const WRITE_MS = 250;

/**
 * What is unfinished, in IndexedDB, for each account. Changes are written together a few times a second. Where
 * the browser keeps nothing for us, everything works but the memory.
 */
export class LeftoverStore {
  private db: Promise<IDBPDatabase<Schema> | null> | undefined;
  private readonly writes = new Map<string, Leftover | null>();
  private readonly handles = new Map<string, StoredHandle>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly name = 'lumilio-uploads') {}

  put(leftover: Leftover): void {
    this.writes.set(leftover.key, leftover);
    this.schedule();
  }

  remove(key: string): void {
    this.writes.set(key, null);
    this.schedule();
  }

  putHandle(handle: StoredHandle): void {
    this.handles.set(handle.id, handle);
    this.schedule();
  }

  /** What an account has, in the order in which it was added; handles that lead nowhere any more are forgotten. */
  async load(account: string): Promise<{ files: Leftover[]; handles: Map<string, FileSystemHandle> }> {
    await this.flush();
    const db = await this.open();
    if (!db) return { files: [], handles: new Map() };
    const files = await db.getAllFromIndex('files', 'account', account);
    const wanted = new Set(files.map((file) => file.handle));
    const handles = new Map<string, FileSystemHandle>();
    for (const { id, handle } of await db.getAllFromIndex('handles', 'account', account))
      if (wanted.has(id)) handles.set(id, handle);
      else await db.delete('handles', id);
    return { files: files.sort((a, b) => a.order - b.order), handles };
  }

  /** Writes what is outstanding. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write()).catch(() => {});
    return this.writing;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), WRITE_MS);
  }

  private async write(): Promise<void> {
    if (!this.writes.size && !this.handles.size) return;
    const db = await this.open();
    const writes = [...this.writes];
    const handles = [...this.handles.values()];
    this.writes.clear();
    this.handles.clear();
    if (!db) return;
    const transaction = db.transaction(['files', 'handles'], 'readwrite');
    for (const handle of handles) void transaction.objectStore('handles').put(handle);
    for (const [key, leftover] of writes)
      if (leftover) void transaction.objectStore('files').put(leftover);
      else void transaction.objectStore('files').delete(key);
    await transaction.done;
  }

  private open(): Promise<IDBPDatabase<Schema> | null> {
    this.db ??= openDB<Schema>(this.name, 1, {
      upgrade(db) {
        for (const store of ['files', 'handles'] as const)
          db.createObjectStore(store, { keyPath: store === 'files' ? 'key' : 'id' }).createIndex(
            'account',
            'account',
          );
      },
    }).catch(() => null);
    return this.db;
  }
}

/** The same content as far as can be told without reading it. */
function likeness(file: { name: string; size: number; lastModified: number }): string {
  return `${file.size}/${file.lastModified}/${file.name}`;
}

/** Which of the files are leftovers; of several that look alike, the one from the same folder, else the first. */
export function matchLeftovers(
  picked: readonly Picked[],
  leftovers: readonly Leftover[],
): Map<Picked, Leftover> {
  const open = new Map<string, Leftover[]>();
  for (const leftover of leftovers) {
    const alike = open.get(likeness(leftover));
    if (alike) alike.push(leftover);
    else open.set(likeness(leftover), [leftover]);
  }
  const matches = new Map<Picked, Leftover>();
  for (const one of picked) {
    const alike = open.get(likeness(one.file));
    if (!alike?.length) continue;
    const same = alike.findIndex((leftover) => leftover.folder === one.folder);
    matches.set(one, alike.splice(Math.max(0, same), 1)[0]!);
  }
  return matches;
}

/** The file a handle leads to; null when there is none any more or the browser does not let us. */
export async function reopen(handle: FileSystemHandle, steps: readonly string[]): Promise<File | null> {
  try {
    let at = handle;
    for (const [index, step] of steps.entries()) {
      const folder = at as FileSystemDirectoryHandle;
      at =
        index < steps.length - 1 ? await folder.getDirectoryHandle(step) : await folder.getFileHandle(step);
    }
    return await (at as FileSystemFileHandle).getFile();
  } catch {
    return null;
  }
}

type Permission = (descriptor: { mode: 'read' }) => Promise<PermissionState>;

/** Whether a handle may be read; with `ask`, the browser may put the question to the person. */
export async function mayRead(handle: FileSystemHandle, ask: boolean): Promise<boolean> {
  const { queryPermission, requestPermission } = handle as FileSystemHandle & {
    queryPermission?: Permission;
    requestPermission?: Permission;
  };
  try {
    if ((await queryPermission?.call(handle, { mode: 'read' })) === 'granted') return true;
    return ask && (await requestPermission?.call(handle, { mode: 'read' })) === 'granted';
  } catch {
    return false;
  }
}

/** Gives each distinct handle an id, so that a folder of thousands is stored once. */
export class HandleIds {
  private readonly ids = new Map<FileSystemHandle, string>();

  constructor(private readonly make: (handle: FileSystemHandle) => string) {}

  of(source: Source | undefined): string | null {
    if (!source) return null;
    let id = this.ids.get(source.handle);
    if (!id) {
      id = this.make(source.handle);
      this.ids.set(source.handle, id);
    }
    return id;
  }
}
