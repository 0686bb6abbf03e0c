import { t } from '../i18n';

const DAY_MS = 86_400_000;

export interface Dated {
  taken_time?: string;
  capture_offset_minutes?: number | null;
  upload_time?: string;
}

/** UTC text without a zone would be read as local time by the browser; the wire always means UTC. */
export function parseTime(text: string | null | undefined): number | null {
  if (!text) return null;
  const zoned = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * The moment as a wall clock showed it, encoded as if that clock were UTC. A capture uses the camera's
 * offset (none known: the stored time itself); an upload has no camera, so the viewer's zone is used.
 */
export function wallClock(asset: Dated, zoneOffset = browserOffset): number {
  const taken = parseTime(asset.taken_time);
  if (taken !== null) return taken + (asset.capture_offset_minutes ?? 0) * 60_000;
  const uploaded = parseTime(asset.upload_time) ?? 0;
  return uploaded + zoneOffset(uploaded) * 60_000;
}

function browserOffset(ms: number): number {
  return -new Date(ms).getTimezoneOffset();
}

/** Number of the wall-clock day since 1970; a stable key for one day of the timeline. */
export function dayNumber(wall: number): number {
  return Math.floor(wall / DAY_MS);
}

export function todayNumber(now = Date.now(), zoneOffset = browserOffset): number {
  return dayNumber(now + zoneOffset(now) * 60_000);
}

const locale = pickLocale(typeof navigator === 'undefined' ? [] : navigator.languages);

/** The texts are English, so dates take the viewer's flavour of English rather than a foreign language. */
export function pickLocale(languages: readonly string[]): string {
  return languages.find((language) => /^en\b/i.test(language)) ?? 'en-GB';
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function format(ms: number, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify(options);
  let formatter = formatters.get(key);
  if (!formatter) formatters.set(key, (formatter = new Intl.DateTimeFormat(locale, options)));
  return formatter.format(ms);
}

export interface DayLabel {
  name: string;
  rest: string;
  short: string;
}

/** The heading of a day: its name, the rest of the date, and a form that fits a narrow box. */
export function dayLabel(day: number, today = todayNumber()): DayLabel {
  const ms = day * DAY_MS;
  const sameYear = new Date(ms).getUTCFullYear() === new Date(today * DAY_MS).getUTCFullYear();
  const year = sameYear ? undefined : ('numeric' as const);
  const near = day === today ? t('date.today') : day === today - 1 ? t('date.yesterday') : null;
  const date = format(ms, { day: 'numeric', month: 'long', year, timeZone: 'UTC' });
  const weekday = format(ms, { weekday: 'long', timeZone: 'UTC' });
  return {
    name: near ?? weekday,
    rest: near ? `${weekday}, ${date}` : date,
    short: near ?? format(ms, { day: 'numeric', month: 'short', year, timeZone: 'UTC' }),
  };
}

export function formatDay(wall: number): string {
  return format(wall, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}

/** A form of the day and time that fits a caption. */
export function formatCaption(wall: number): string {
  return format(wall, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
  });
}

export function formatClock(wall: number): string {
  return format(wall, { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC' });
}

/** "+02:00" for 120. */
export function formatOffset(minutes: number): string {
  const sign = minutes < 0 ? '−' : '+';
  const abs = Math.abs(minutes);
  return `${sign}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`;
}

/** A moment in the viewer's own zone. */
export function formatMoment(text: string | null | undefined): string {
  const ms = parseTime(text);
  return ms === null ? '' : format(ms, { dateStyle: 'medium', timeStyle: 'short' });
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

export function formatAgo(text: string | null | undefined, now = Date.now()): string {
  const ms = parseTime(text);
  if (ms === null) return '';
  const seconds = Math.round((ms - now) / 1000);
  const abs = Math.abs(seconds);
  if (abs < 45) return t('date.just_now');
  if (abs < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (abs < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

export { locale };
