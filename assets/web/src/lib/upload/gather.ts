import type { Picked, Source } from './entry';

/** As in the server's table of formats. */
const PICTURES = (
  '.jpg .jpeg .jpe .jfif .insp .png .webp .gif .bmp .tif .tiff .heic .heif .hif .avif .avifs' +
  ' .jxl .jp2 .jpf .jpx .j2k .j2c .psd .psb .svg' +
  ' .cr2 .cr3 .nef .arw .dng .orf .rw2 .pef .raf .mrw .srw .rwl .x3f' +
  ' .3fr .crw .dcr .erf .fff .iiq .kdc .mef .mos .nrw .sr2 .srf'
).split(' ');
const VIDEOS = '.mp4 .insv .m4v .mov .avi .mkv .webm .flv .wmv .3gp .mpg .mpeg .m2ts .mts .ogv'.split(' ');
const RECORDINGS = '.mp3 .aac .m4a .flac .wav .ogg .oga .aiff .wma .opus'.split(' ');
const SUFFIXES = [...PICTURES, ...VIDEOS, ...RECORDINGS];
const MEDIA = new RegExp(`(${SUFFIXES.join('|').replaceAll('.', '\\.')})$`, 'i');

export const PICKER_ACCEPT = ['image/*', 'video/*', 'audio/*', ...SUFFIXES].join(',');

export interface Gathered {
  picked: Picked[];
  /** Files of other kinds found inside folders, with their folders. */
  skipped: string[];
  /** Files and folders that the system did not let us read. */
  unreadable: string[];
}

export function nothing(): Gathered {
  return { picked: [], skipped: [], unreadable: [] };
}

export function isMediaName(name: string): boolean {
  return MEDIA.test(name) && !name.startsWith('.');
}

/** Files that systems leave in folders and nobody means to add; not worth a word. */
export function isJunk(name: string): boolean {
  return name.startsWith('.') || /^(thumbs\.db|desktop\.ini|ehthumbs\.db)$/i.test(name);
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Single files are taken as they are: the server says what it refuses. */
export function fromFilePicker(files: readonly File[]): Gathered {
  return { ...nothing(), picked: files.map((file) => ({ file, folder: '' })) };
}

/** A chosen folder brings everything in it along; only what the library takes is of interest. */
export function fromFolderPicker(files: readonly File[]): Gathered {
  const gathered = nothing();
  const path = (file: File) => file.webkitRelativePath || file.name;
  for (const file of [...files].sort((a, b) => byName(path(a), path(b)))) {
    const folder = path(file).split('/').slice(0, -1).join('/');
    if (isMediaName(file.name)) gathered.picked.push({ file, folder });
    else if (!isJunk(file.name)) gathered.skipped.push(path(file));
  }
  return gathered;
}

type Handled = { getFile?(): Promise<File> } & FileSystemHandle;
type ShowPicker = (options: {
  multiple: boolean;
  types: { description: string; accept: Record<string, string[]> }[];
}) => Promise<Handled[]>;

export function canPickWithHandles(): boolean {
  return 'showOpenFilePicker' in window;
}

/** The picker whose files can be found again after a reload; null when it was left, rejects where it does not work. */
export async function pickWithHandles(description: string): Promise<Gathered | null> {
  const { showOpenFilePicker } = window as unknown as { showOpenFilePicker: ShowPicker };
  let handles: Handled[];
  try {
    handles = await showOpenFilePicker({
      multiple: true,
      types: [{ description, accept: { 'image/*': PICTURES, 'video/*': VIDEOS, 'audio/*': RECORDINGS } }],
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
  const gathered = nothing();
  for (const handle of handles) {
    const file = await handle.getFile!().catch(() => null);
    if (file) gathered.picked.push({ file, folder: '', source: { handle, steps: [] } });
    else gathered.unreadable.push(handle.name);
  }
  return gathered;
}

/** Pictures from the clipboard; browsers call every one of them image.png. */
export function fromPaste(data: DataTransfer, at: Date): Gathered {
  const files = Array.from(data.files).filter(
    (file) => file.type.startsWith('image/') || isMediaName(file.name),
  );
  return fromFilePicker(
    files.map((file, index) => (/^image\.\w+$/.test(file.name) ? renamed(file, at, index) : file)),
  );
}

function renamed(file: File, at: Date, index: number): File {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('.');
  const number = index ? ` (${index})` : '';
  const suffix = file.name.slice(file.name.lastIndexOf('.'));
  return new File([file], `Pasted ${day} ${time}${number}${suffix}`, {
    type: file.type,
    lastModified: at.getTime(),
  });
}

type DropItem = DataTransferItem & { getAsFileSystemHandle?(): Promise<FileSystemHandle | null> };

interface Dropped {
  entry: FileSystemEntry | null;
  file: File | null;
  handle: Promise<FileSystemHandle | null> | undefined;
}

/** Everything dropped, folders included, in the order of names; `found` hears how many pictures there are so far. */
export async function fromDrop(
  data: DataTransfer,
  found: (count: number) => void = () => {},
): Promise<Gathered> {
  const gathered = nothing();
  // The list is emptied as soon as the event is over, so everything is taken before the first wait.
  const dropped: Dropped[] = (Array.from(data.items) as DropItem[])
    .filter((item) => item.kind === 'file')
    .map((item) => {
      const entry = item.webkitGetAsEntry?.() ?? null;
      return {
        entry,
        file: entry?.isDirectory ? null : item.getAsFile(),
        handle: item.getAsFileSystemHandle?.().catch(() => null),
      };
    });
  if (!data.items.length) return fromFilePicker(Array.from(data.files));
  for (const { entry, file, handle } of dropped) {
    const root = (await handle) ?? null;
    if (file)
      gathered.picked.push({ file, folder: '', ...(root && { source: { handle: root, steps: [] } }) });
    else if (entry) await walk(entry, [], root, gathered, found);
    found(gathered.picked.length);
  }
  return gathered;
}

/** `above` holds the folders over the entry, the dropped one first. */
async function walk(
  entry: FileSystemEntry,
  above: readonly string[],
  root: FileSystemHandle | null,
  into: Gathered,
  found: (count: number) => void,
): Promise<void> {
  const path = [...above, entry.name];
  try {
    if (entry.isDirectory) {
      for (const child of await childrenOf(entry as FileSystemDirectoryEntry))
        await walk(child, path, root, into, found);
      found(into.picked.length);
    } else if (isMediaName(entry.name)) {
      const file = await fileOf(entry as FileSystemFileEntry);
      const source: Source | null = root && { handle: root, steps: path.slice(1) };
      into.picked.push({ file, folder: above.join('/'), ...(source && { source }) });
    } else if (!isJunk(entry.name)) into.skipped.push(path.join('/'));
  } catch {
    into.unreadable.push(path.join('/'));
  }
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const read = () => new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  const children: FileSystemEntry[] = [];
  // Browsers hand out at most a hundred entries a time.
  for (let part = await read(); part.length; part = await read()) children.push(...part);
  return children.sort((a, b) => byName(a.name, b.name));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
