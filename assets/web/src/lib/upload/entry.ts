/** Where a file comes from, as far as the browser lets a page come back to it after a reload. */
export interface Source {
  handle: FileSystemHandle;
  /** The way from a folder's handle down to the file; empty for the handle of the file itself. */
  steps: readonly string[];
}

/** A file as it was dropped, chosen or pasted. */
export interface Picked {
  file: File;
  /** Folders above it, as far as they came along: `Holiday/Day 1`. */
  folder: string;
  source?: Source;
}

export type UploadState =
  | 'waiting'
  | 'checking'
  | 'sending'
  | 'processing'
  | 'added'
  | 'duplicate'
  | 'failed'
  | 'paused'
  | 'cancelled';

/** What is known of a file that was not through when its page went away. */
export interface Progress {
  /** BLAKE3 of the whole file in hex, once it is known. */
  hash: string | null;
  /** The session its chunks belong to, once one has been begun; with the size of those chunks in bytes. */
  session: string;
  chunkSize: number;
}

export interface UploadEntry extends Progress {
  readonly id: number;
  /** Under which it is remembered over a reload. */
  readonly key: string;
  readonly file: File;
  readonly folder: string;
  readonly source: Source | undefined;
  /** Empty for the primary one. */
  readonly repository: string;
  state: UploadState;
  /** Why it failed. */
  message: string;
  /** It is there, but no preview or not all of its details could be made. */
  faulty: boolean;
  assetId: string | null;
  /** Bytes that have been looked at, and bytes that are through. */
  checkedBytes: number;
  sentBytes: number;
  /** Waits for the server or the network to come back. */
  stalled: boolean;
}

/** The server has it, or it never will: nothing more happens unless somebody asks. */
export const FINISHED: ReadonlySet<UploadState> = new Set([
  'processing',
  'added',
  'duplicate',
  'failed',
  'cancelled',
]);

/** Whatever of these is there keeps the queue going by itself. */
export const ACTIVE: ReadonlySet<UploadState> = new Set(['waiting', 'checking', 'sending']);

/** Anything wrong with the file on this device; `reason` is meant for people. */
export class FileUnreadable extends Error {
  constructor(readonly reason: 'gone' | 'changed') {
    super(reason);
    this.name = 'FileUnreadable';
  }
}
