const PHOTO =
  /\.(jpe?g|png|webp|gif|bmp|tiff?|hei[cf]|avif|cr[23]|nef|arw|dng|orf|rw2|pef|raf|mrw|srw|rwl|x3f)$/i;

export const PICKER_ACCEPT =
  'image/*,.heic,.heif,.avif,.cr2,.cr3,.nef,.arw,.dng,.orf,.rw2,.pef,.raf,.mrw,.srw,.rwl,.x3f';

export interface Gathered {
  files: File[];
  /** Files of other kinds found inside folders. */
  skipped: number;
}

export function isPhotoName(name: string): boolean {
  return PHOTO.test(name) && !name.startsWith('.');
}

/** A chosen folder brings everything in it along; only what can be a picture is of interest. */
export function fromFolderPicker(files: readonly File[]): Gathered {
  const photos = files.filter((file) => isPhotoName(file.name));
  return { files: photos, skipped: countVisible(files) - photos.length };
}

function countVisible(files: readonly File[]): number {
  return files.filter((file) => isPhotoName(file.name) || !isJunk(file.name)).length;
}

/** Files that systems leave in folders and nobody means to add; not worth a word. */
export function isJunk(name: string): boolean {
  return name.startsWith('.') || /^(thumbs\.db|desktop\.ini|ehthumbs\.db)$/i.test(name);
}

/** Everything dropped, folders included. Single files are taken as they are: the server says what it refuses. */
export async function fromDrop(data: DataTransfer): Promise<Gathered> {
  const gathered: Gathered = { files: [], skipped: 0 };
  // The list is emptied as soon as the event is over, so entries are taken before the first wait.
  const entries: FileSystemEntry[] = [];
  for (const item of Array.from(data.items)) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry?.isDirectory ? null : item.getAsFile();
    if (file) gathered.files.push(file);
    else if (entry) entries.push(entry);
  }
  if (!data.items.length) gathered.files.push(...Array.from(data.files));
  for (const entry of entries) await walk(entry, gathered);
  return gathered;
}

async function walk(entry: FileSystemEntry, into: Gathered): Promise<void> {
  if (entry.isDirectory) {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // Browsers hand out at most a hundred entries a time.
    for (let part = await readSome(reader); part.length; part = await readSome(reader))
      for (const child of part) await walk(child, into);
    return;
  }
  if (isPhotoName(entry.name)) {
    const file = await new Promise<File | null>((resolve) =>
      (entry as FileSystemFileEntry).file(resolve, () => resolve(null)),
    );
    if (file) into.files.push(file);
  } else if (!isJunk(entry.name)) into.skipped++;
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
}
