import { locale } from './dates';
import { ApiError, OfflineError } from '../api/errors';
import { t, tn } from '../i18n';

const UNITS = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function formatBytes(bytes: number | null | undefined): string {
  if (!bytes || bytes < 0) return `0 B`;
  // Intl writes "26 byte" in full.
  if (bytes < 1000) return `${plain.format(bytes)} B`;
  const unit = Math.min(UNITS.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** unit;
  return byteFormat(UNITS[unit - 1]!, value >= 100 ? 0 : 1).format(value);
}

const byteFormats = new Map<string, Intl.NumberFormat>();

/** Kept, because making one costs more than using it a hundred times. */
function byteFormat(unit: string, digits: number): Intl.NumberFormat {
  const key = `${unit} ${digits}`;
  let format = byteFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    });
    byteFormats.set(key, format);
  }
  return format;
}

const plain = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });

export function formatNumber(value: number): string {
  return plain.format(value);
}

/** With one digit after the point at most. */
export function formatShort(value: number): string {
  return short.format(value);
}

/** "128 kbit/s" or "8.5 Mbit/s". */
export function formatBitrate(bits: number | null | undefined): string {
  if (!bits) return '';
  return bits < 1e6 ? `${plain.format(Math.round(bits / 1e3))} kbit/s` : `${short.format(bits / 1e6)} Mbit/s`;
}

/** Floors, so that 100 % is only shown when everything is through. */
export function formatPercent(part: number): string {
  return percents.format(Math.floor(Math.min(1, Math.max(0, part)) * 100) / 100);
}

export function formatMilliseconds(ms: number): string {
  if (ms < 1000) return `${plain.format(Math.round(ms))} ms`;
  if (ms < 60_000) return `${short.format(ms / 1000)} s`;
  return ms < 3_600_000 ? `${short.format(ms / 60_000)} min` : `${short.format(ms / 3_600_000)} h`;
}

/** "1/250 s" or "2.5 s" from what the camera wrote: "1/250", "0.004", "5/2" or "2.5". */
export function formatExposure(text: string | number | null | undefined): string {
  if (text === null || text === undefined || text === '') return '';
  const [top, bottom] = String(text)
    .replace(/\s*s(ec)?$/i, '')
    .split('/')
    .map(Number);
  const seconds = bottom === undefined ? top! : top! / bottom;
  if (!Number.isFinite(seconds) || seconds <= 0) return '';
  if (seconds >= 0.3) return `${short.format(seconds)} s`;
  return `1/${plain.format(Math.round(1 / seconds))} s`;
}

export interface Exposure {
  exposure_time?: string | number;
  f_number?: number;
  iso_speed?: number;
  focal_length?: number;
}

/** "1/250 s · f/2.8 · ISO 100 · 50 mm", with whatever of it is known. */
export function exposureLine(meta: Exposure): string {
  return [
    formatExposure(meta.exposure_time),
    meta.f_number ? `f/${short.format(meta.f_number)}` : '',
    meta.iso_speed ? `ISO ${meta.iso_speed}` : '',
    meta.focal_length ? `${short.format(meta.focal_length)} mm` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

export function formatMegapixels(width: number, height: number): string {
  const value = (width * height) / 1e6;
  return `${(value < 0.1 ? new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }) : short).format(value)} MP`;
}

/** "48.85837° N, 2.29448° E"; null for anything that is no place on Earth. */
export function formatPlace(latitude: unknown, longitude: unknown): string | null {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null;
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  // Zero and zero is how a camera without a fix writes that it does not know.
  if (latitude === 0 && longitude === 0) return null;
  const digits = new Intl.NumberFormat(locale, { minimumFractionDigits: 5, maximumFractionDigits: 5 });
  const north = `${digits.format(Math.abs(latitude))}° ${latitude < 0 ? 'S' : 'N'}`;
  return `${north}, ${digits.format(Math.abs(longitude))}° ${longitude < 0 ? 'W' : 'E'}`;
}

/** Roughly how long something will still take. */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 45) return t('upload.left_seconds');
  const minutes = Math.round(seconds / 60);
  return minutes < 90
    ? tn('upload.left_minutes', Math.max(1, minutes))
    : tn('upload.left_hours', Math.round(minutes / 60));
}

/** A wait that is counted down: "4:57", or "12 s" under a minute. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** One sentence for people about any failure. */
export function errorText(error: unknown): string {
  if (error instanceof OfflineError) return t('error.offline');
  if (error instanceof ApiError) {
    if (error.message) return error.message;
    if (error.status === 403) return t('error.forbidden');
    if (error.status === 404) return t('error.not_found');
    if (error.status === 413) return t('error.too_large');
    return t('error.generic', { status: error.status });
  }
  return t('error.unknown');
}
