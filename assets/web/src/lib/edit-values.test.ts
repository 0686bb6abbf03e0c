import { describe, expect, it } from 'vitest';
import { fromInput, offsetChoices, parsePlace, toInput } from './edit-values';

describe('typed times', () => {
  it('go to the input and back', () => {
    const wall = Date.UTC(2031, 6, 4, 9, 15, 30);
    expect(toInput(wall)).toBe('2031-07-04T09:15:30');
    expect(fromInput('2031-07-04T09:15:30')).toBe(wall);
    expect(fromInput('2031-07-04T09:15')).toBe(wall - 30_000);
    expect(fromInput('')).toBeNull();
    expect(fromInput('2031-02-31T99:00')).toBeNull();
  });

  it('offer the offsets of the world, and an odd one when it is there', () => {
    expect(offsetChoices(null)).toContain(345);
    expect(offsetChoices(undefined)).not.toContain(77);
    expect(offsetChoices(77)).toContain(77);
    expect(offsetChoices(0).filter((minutes) => minutes === 0)).toHaveLength(1);
  });
});

describe('typed places', () => {
  it('are read as maps and this page write them', () => {
    expect(parsePlace('48.85837, -2.29448')).toEqual({ latitude: 48.85837, longitude: -2.29448 });
    expect(parsePlace(' 48.85837° N, 2.29448° W ')).toEqual({ latitude: 48.85837, longitude: -2.29448 });
    expect(parsePlace('−33.9 18.4')).toEqual({ latitude: -33.9, longitude: 18.4 });
  });

  it('must be on Earth', () => {
    for (const text of ['', 'Paris', '48.8', '91, 0', '0, 181', '1, 2, 3'])
      expect(parsePlace(text)).toBeNull();
  });
});
