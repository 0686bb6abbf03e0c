import { describe, expect, it } from 'vitest';
import { dayLabel, dayNumber, formatAgo, formatOffset, parseTime, pickLocale, wallClock } from './dates';

const day = (text: string) => dayNumber(Date.parse(`${text}T00:00:00Z`));

describe('wallClock', () => {
  it('puts a late evening abroad on the day the camera saw', () => {
    const tokyo = wallClock({ taken_time: '2031-07-03T15:30:00Z', capture_offset_minutes: 540 });
    expect(dayNumber(tokyo)).toBe(day('2031-07-04'));
    const hawaii = wallClock({ taken_time: '2031-07-04T08:00:00Z', capture_offset_minutes: -600 });
    expect(dayNumber(hawaii)).toBe(day('2031-07-03'));
  });

  it('shows the stored time as it is when no offset was recorded', () => {
    expect(wallClock({ taken_time: '2031-07-04T23:59:59Z' })).toBe(Date.parse('2031-07-04T23:59:59Z'));
    expect(wallClock({ taken_time: '2031-07-04T23:59:59', capture_offset_minutes: null })).toBe(
      Date.parse('2031-07-04T23:59:59Z'),
    );
  });

  it('falls back to the upload in the viewer’s zone', () => {
    const wall = wallClock({ upload_time: '2031-07-04T23:30:00Z' }, () => 120);
    expect(dayNumber(wall)).toBe(day('2031-07-05'));
  });

  it('never yields NaN', () => {
    expect(wallClock({ taken_time: 'nonsense' })).toBe(wallClock({}));
  });
});

describe('labels', () => {
  const today = day('2031-07-04');

  it('names near days and leaves the current year out', () => {
    expect(dayLabel(today, today)).toMatchObject({ name: 'Today', short: 'Today' });
    expect(dayLabel(today - 1, today).name).toBe('Yesterday');
    const older = dayLabel(day('2031-06-01'), today);
    expect(older.name).toBe('Sunday');
    expect(older.rest).not.toContain('2031');
    expect(dayLabel(day('2029-06-01'), today).rest).toContain('2029');
  });

  it('writes offsets with sign and two digits', () => {
    expect(formatOffset(120)).toBe('+02:00');
    expect(formatOffset(-570)).toBe('−09:30');
    expect(formatOffset(0)).toBe('+00:00');
  });

  it('keeps nanoseconds readable', () => {
    expect(parseTime('2031-07-04T09:15:00.123456789+02:00')).toBe(Date.parse('2031-07-04T07:15:00.123Z'));
    expect(parseTime('')).toBeNull();
  });

  it('says how long ago', () => {
    const now = Date.parse('2031-07-04T12:00:00Z');
    expect(formatAgo('2031-07-04T11:58:00Z', now)).toBe('2 minutes ago');
    expect(formatAgo('2031-07-04T12:00:10Z', now)).toBe('just now');
  });

  it('prefers the viewer’s own English', () => {
    expect(pickLocale(['de-DE', 'en-US'])).toBe('en-US');
    expect(pickLocale(['zh'])).toBe('en-GB');
  });
});
