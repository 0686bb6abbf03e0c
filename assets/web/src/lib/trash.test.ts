import { describe, expect, it } from 'vitest';
import type { Asset } from '../api/types';
import { daysLeft } from './trash.svelte';

const DELETED = '2031-07-04T09:15:00Z';
const asset = { deleted_at: DELETED } as Asset;

function after(days: number): number {
  return Date.parse(DELETED) + days * 86_400_000;
}

describe('days left in the trash', () => {
  it.each([
    [0, 30],
    [0.5, 30],
    [1, 29],
    [29.5, 1],
    [30, 0],
    [45, 0],
  ])('%d days after it was thrown away', (days, left) => {
    expect(daysLeft(asset, 30, after(days))).toBe(left);
  });

  it('never ends where nothing is deleted by itself', () => {
    expect(daysLeft(asset, 0, after(400))).toBeNull();
  });
});
