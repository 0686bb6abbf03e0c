const DAY_MINUTES = 24 * 60;

/** "2031-07-04T09:15:00" of a wall clock, as inputs for a date and time take it. */
export function toInput(wall: number): string {
  return new Date(wall).toISOString().slice(0, 19);
}

/** The wall clock that such an input says, encoded as if it were UTC; null when it is incomplete. */
export function fromInput(text: string): number | null {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text}Z`) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Offsets from UTC that places on Earth have or had, in minutes, and the given one. */
export function offsetChoices(current: number | null | undefined): number[] {
  const quarters = [345, 525, 765];
  const all = new Set(quarters);
  for (let minutes = -DAY_MINUTES / 2; minutes <= 14 * 60; minutes += 30) all.add(minutes);
  if (typeof current === 'number') all.add(current);
  return [...all].sort((a, b) => a - b);
}

export interface Spot {
  latitude: number;
  longitude: number;
}

/** Latitude and longitude from "48.85837, 2.29448" or "48.85837° N, 2.29448° W"; null for anything else. */
export function parsePlace(text: string): Spot | null {
  const found =
    /^\s*([-−+]?\d+(?:\.\d+)?)\s*°?\s*([NS])?\s*[,;\s]\s*([-−+]?\d+(?:\.\d+)?)\s*°?\s*([EW])?\s*$/i.exec(
      text,
    );
  if (!found) return null;
  const latitude = signed(found[1]!, /s/i.test(found[2] ?? ''));
  const longitude = signed(found[3]!, /w/i.test(found[4] ?? ''));
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return { latitude, longitude };
}

function signed(text: string, turned: boolean): number {
  const value = Number(text.replace('−', '-'));
  return turned ? -Math.abs(value) : value;
}
