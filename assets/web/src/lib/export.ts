export const FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const;
export type ExportFormat = (typeof FORMATS)[number];

/** Pixels of the longer side; 0 leaves the size as it is. */
export const EDGES = [0, 3840, 2560, 1920, 1280] as const;

/** What looks right in each format, from 1 to 100; PNG loses nothing. */
export const QUALITY: Record<ExportFormat, number> = { jpeg: 85, png: 100, webp: 80, avif: 55 };

export interface ExportChoice {
  format: ExportFormat;
  quality: number;
  edge: number;
  without_location: boolean;
}

const STORED = 'lumilio.export';
const USUAL: ExportChoice = { format: 'jpeg', quality: QUALITY.jpeg, edge: 0, without_location: false };

export function storedChoice(text: string | null): ExportChoice {
  try {
    const { format, quality, edge, without_location } = JSON.parse(text ?? '') as Partial<ExportChoice>;
    const isKnown = FORMATS.some((it) => it === format) && EDGES.some((it) => it === edge);
    if (!isKnown || !(quality! >= 1 && quality! <= 100)) return { ...USUAL };
    return { format, quality, edge, without_location: without_location === true } as ExportChoice;
  } catch {
    return { ...USUAL };
  }
}

export function lastChoice(): ExportChoice {
  return storedChoice(localStorage.getItem(STORED));
}

export function rememberChoice(choice: ExportChoice): void {
  localStorage.setItem(STORED, JSON.stringify(choice));
}

export function exportQuery(
  { format, quality, edge, without_location }: ExportChoice,
  withEdits: boolean,
): string {
  const query = new URLSearchParams({ format });
  if (format !== 'png') query.set('quality', String(quality));
  if (edge) query.set('max_width', String(edge));
  if (without_location) query.set('strip_location', 'true');
  if (withEdits) query.set('apply_edits', 'true');
  return query.toString();
}

/** "IMG_1.heic" as "IMG_1.jpg". */
export function exportName(original: string, format: ExportFormat): string {
  const stem = original.replace(/\.[^.]+$/, '') || original;
  return `${stem}.${format === 'jpeg' ? 'jpg' : format}`;
}

/** Hands a file to the browser's downloads. */
export function saveFile(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download takes its own hold of the content, but not before this turn is over.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
