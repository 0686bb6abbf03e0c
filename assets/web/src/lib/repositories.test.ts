import { describe, expect, it } from 'vitest';
import type { ScanRun } from '../api/types';
import {
  fieldOf,
  folderName,
  joinPath,
  mergeScans,
  scanActive,
  scanDuration,
  splitPath,
} from './repositories';

function run(scan_id: string, started_at: string, fields: Partial<ScanRun> = {}): ScanRun {
  return { scan_id, started_at, status: 'completed', ...fields } as ScanRun;
}

describe('scans', () => {
  it('are under way while they wait or run', () => {
    expect(
      ['queued', 'running', 'completed', 'failed', 'cancelled'].map((status) =>
        scanActive(run('a', '', { status: status as ScanRun['status'] })),
      ),
    ).toEqual([true, true, false, false, false]);
    expect(scanActive(null)).toBe(false);
  });

  it('tell how long they took once they are over', () => {
    const start = '2031-07-04T09:00:00.5Z';
    expect(scanDuration(run('a', start, { finished_at: '2031-07-04T09:00:02Z' }))).toBe(1_500);
    expect(scanDuration(run('a', start))).toBeNull();
  });

  it('stand latest first and each once, in their newest form', () => {
    const old = run('old', '2031-01-01T00:00:00Z');
    const running = run('new', '2031-01-02T00:00:00Z', { status: 'running' });
    const done = run('new', '2031-01-02T00:00:00Z');
    expect(mergeScans([old], [running])).toEqual([running, old]);
    expect(mergeScans([running, old], [done])).toEqual([done, old]);
  });
});

describe('folderName', () => {
  it('says what the server makes of a name', () => {
    expect(folderName('Holiday 2031')).toBe('holiday-2031');
    expect(folderName('  Fotos & Skizzen_ÄÖ  ')).toBe('fotos-skizzen_äö');
    expect(folderName('写真 館')).toBe('写真-館');
    expect(folderName('__x--')).toBe('x');
    expect(folderName(' !? ')).toBe('');
  });
});

describe('paths', () => {
  it('are joined and split as their system writes them', () => {
    expect(joinPath('/srv/photos/', 'a')).toBe('/srv/photos/a');
    expect(joinPath('/', 'a')).toBe('/a');
    expect(joinPath('C:\\Photos', 'a')).toBe('C:\\Photos\\a');
    expect(splitPath('/srv/photos/a')).toEqual({ parent: '/srv/photos', name: 'a' });
    expect(splitPath('/a')).toEqual({ parent: '/', name: 'a' });
    expect(splitPath('C:\\Photos\\a')).toEqual({ parent: 'C:\\Photos', name: 'a' });
  });
});

describe('fieldOf', () => {
  it('finds the field that a refusal is about', () => {
    expect(fieldOf('The name needs at least one letter or digit')).toBe('name');
    expect(fieldOf('No folder can have this name; please choose another')).toBe('name');
    expect(fieldOf('The folder and the repository name would overlap')).toBe('root');
    expect(fieldOf('This folder is already a repository of the library')).toBe('root');
  });
});
