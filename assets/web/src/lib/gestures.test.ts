import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Gestures, type GestureTarget } from './gestures';

/** A stage of 200 × 100 whose centre is its origin; what it was told, in order. */
function harness(options: { zoomed?: boolean; moves?: boolean } = {}) {
  const told: string[] = [];
  const target: GestureTarget = {
    zoom: () => told.push('zoom'),
    pan: () => told.push('pan'),
    zoomed: () => options.zoomed ?? false,
    stage: () => ({ width: 200, height: 100 }),
    drag: ({ x }) => told.push(`drag ${x}`),
    release: (swipe) => told.push(`release ${swipe}`),
    double: () => told.push('double'),
    hold: (held) => {
      told.push(held ? 'hold' : 'let go');
      return options.moves ?? true;
    },
  };
  const stage = {
    getBoundingClientRect: () => ({ left: 0, top: 0, width: 200, height: 100 }),
  };
  const event = (x: number, pointerId = 1, pointerType = 'touch') =>
    ({
      button: 0,
      pointerId,
      pointerType,
      clientX: x,
      clientY: 50,
      timeStamp: 10_000 + performance.now(),
      target: { closest: () => null },
      currentTarget: stage,
    }) as unknown as PointerEvent;
  return { gestures: new Gestures(target), told, event };
}

describe('Gestures', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it.each(['touch', 'mouse'])('holds while a pointer of kind %s rests, wherever it goes then', (kind) => {
    const { gestures, told, event } = harness();
    gestures.down(event(100, 1, kind));
    expect(told).toEqual([]);
    vi.advanceTimersByTime(400);
    gestures.move(event(20, 1, kind));
    gestures.up(event(20, 1, kind));
    expect(told.filter((word) => word !== 'drag 0')).toEqual(['hold', 'let go']);
  });

  it('takes a short press for none, and a finger that moves at once for a swipe', () => {
    const { gestures, told, event } = harness();
    gestures.down(event(100));
    vi.advanceTimersByTime(100);
    gestures.up(event(100));
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
    gestures.down(event(100));
    gestures.move(event(20));
    vi.advanceTimersByTime(400);
    gestures.up(event(20));
    expect(told).toEqual(['drag -80', 'release next']);
  });

  it('lets go when a second finger comes or the system takes the first away', () => {
    const { gestures, told, event } = harness();
    for (const end of [() => gestures.down(event(120, 2)), () => gestures.cancel(event(100))]) {
      told.length = 0;
      gestures.down(event(100));
      vi.advanceTimersByTime(400);
      end();
      expect(told.filter((word) => !word.startsWith('drag'))).toEqual(['hold', 'let go']);
      gestures.cancel(event(120, 2));
      gestures.cancel(event(100));
    }
  });

  it('goes on as ever where holding means nothing, and does not hold what is enlarged', () => {
    const still = harness({ moves: false });
    still.gestures.down(still.event(100));
    vi.advanceTimersByTime(400);
    still.gestures.move(still.event(20));
    still.gestures.up(still.event(20));
    expect(still.told).toEqual(['hold', 'drag -80', 'release next']);
    const large = harness({ zoomed: true });
    large.gestures.down(large.event(100));
    vi.advanceTimersByTime(400);
    expect(large.told).toEqual([]);
  });
});
