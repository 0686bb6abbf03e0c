import type { ScanRun } from '../api/types';
import { t } from '../i18n';
import { parseTime } from './dates';
import { formatNumber } from './format';

export function scanActive(scan: ScanRun | null): boolean {
  return scan?.status === 'queued' || scan?.status === 'running';
}

/** How long a scan took, in milliseconds; null while it is under way. */
export function scanDuration(scan: ScanRun): number | null {
  const start = parseTime(scan.started_at);
  const end = parseTime(scan.finished_at);
  return start === null || end === null ? null : Math.max(0, end - start);
}

/** "3 new · 1 changed · 0 gone · 2 skipped" */
export function scanCounts(scan: ScanRun): string {
  return t('repositories.counts', {
    found: formatNumber(scan.discovered_count),
    updated: formatNumber(scan.updated_count),
    gone: formatNumber(scan.deleted_count),
    skipped: formatNumber(scan.skipped_count),
  });
}

/** Fresh runs joined into a list of runs, latest first and each once. */
export function mergeScans(current: readonly ScanRun[], fresh: readonly ScanRun[]): ScanRun[] {
  const byId = new Map(current.map((run) => [run.scan_id, run]));
  for (const run of fresh) byId.set(run.scan_id, run);
  return [...byId.values()].sort((a, b) => (parseTime(b.started_at) ?? 0) - (parseTime(a.started_at) ?? 0));
}

/** The folder that the server makes of a repository's name; empty when it can make none. */
export function folderName(name: string): string {
  return [...name.trim()]
    .map((char) => (/[\p{L}\p{N}_-]/u.test(char) ? char.toLowerCase() : '\0'))
    .join('')
    .split('\0')
    .filter(Boolean)
    .join('-')
    .replace(/^[-_]+|[-_]+$/g, '');
}

/** A folder inside another, in the way of writing of the outer one. */
export function joinPath(outer: string, inner: string): string {
  return `${outer.trim().replace(/[\\/]+$/, '')}${separator(outer)}${inner}`;
}

export function splitPath(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf(separator(path));
  return { parent: path.slice(0, at) || path.slice(0, at + 1), name: path.slice(at + 1) };
}

function separator(path: string): string {
  return path.includes('\\') && !path.startsWith('/') ? '\\' : '/';
}

/** Which field of the form a refusal of the server is about. */
export function fieldOf(message: string): 'name' | 'root' {
  return /^(the name|no folder can have this name)/i.test(message) ? 'name' : 'root';
}
