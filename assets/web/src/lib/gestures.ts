import { distance, midpoint, swipeOf, type Point, type Size, type Swipe } from './zoom';

export interface GestureTarget {
  zoom(factor: number, at: Point): void;
  pan(dx: number, dy: number): void;
  zoomed(): boolean;
  stage(): Size;
  drag(point: Point): void;
  release(swipe: Swipe): void;
  double(at: Point): void;
  /** A press that lasts begins or ends; whether it means anything. */
  hold(held: boolean): boolean;
}

const DOUBLE_TAP_MS = 300;
const HOLD_MS = 280;
const TAP_RADIUS = 24;
const WHEEL_SPEED = 0.0022;
/** What takes its presses itself. */
const OWN = 'button, a, [data-controls]';
const STILL: Point = { x: 0, y: 0 };

/** Turns pointers and the wheel into zooming, panning, swiping and holding; points are measured from the stage's centre. */
export class Gestures {
  private readonly pointers = new Map<number, Point>();
  private start: Point = STILL;
  private startedAt = 0;
  private swiping = false;
  private lastTap = { at: 0, point: STILL };
  private held = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly target: GestureTarget) {}

  down = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.target as Element).closest(OWN)) return;
    (event.currentTarget as Element).setPointerCapture?.(event.pointerId);
    this.pointers.set(event.pointerId, this.point(event));
    if (this.pointers.size === 1) {
      this.start = this.point(event);
      this.startedAt = event.timeStamp;
      this.swiping = event.pointerType === 'touch' && !this.target.zoomed();
      if (!this.target.zoomed()) this.timer = setTimeout(this.hold, HOLD_MS);
    } else {
      this.letGo();
      if (this.swiping) this.target.drag(STILL);
      this.swiping = false;
    }
  };

  move = (event: PointerEvent): void => {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.point(event);
    if (distance(this.start, now) > TAP_RADIUS) clearTimeout(this.timer);
    if (this.held) return;
    if (this.pointers.size === 1) {
      if (this.swiping) this.target.drag(this.dragged(now));
      else if (this.target.zoomed()) this.target.pan(now.x - before.x, now.y - before.y);
    } else {
      const [a, b] = [...this.pointers.values()];
      this.pointers.set(event.pointerId, now);
      const [c, d] = [...this.pointers.values()];
      const from = midpoint(a!, b!);
      const to = midpoint(c!, d!);
      this.target.zoom(distance(c!, d!) / Math.max(1, distance(a!, b!)), to);
      if (this.target.zoomed()) this.target.pan(to.x - from.x, to.y - from.y);
    }
    this.pointers.set(event.pointerId, now);
  };

  up = (event: PointerEvent): void => {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.letGo()) return;
    const now = this.point(event);
    if (event.pointerType === 'touch' && this.tapped(event, now)) return;
    if (!this.swiping) return;
    this.swiping = false;
    const { x, y } = this.dragged(now);
    if (x || y) this.target.release(swipeOf(x, y, event.timeStamp - this.startedAt, this.target.stage()));
  };

  cancel = (event: PointerEvent): void => {
    this.pointers.delete(event.pointerId);
    this.letGo();
    if (this.swiping) this.target.release(null);
    this.swiping = false;
  };

  wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? 400 : 1;
    // Trackpads send pinches as small wheel steps with the control key held.
    const speed = WHEEL_SPEED * unit * (event.ctrlKey ? 4 : 1);
    const step = Math.max(-0.6, Math.min(0.6, -event.deltaY * speed));
    this.target.zoom(Math.exp(step), this.point(event));
  };

  dblclick = (event: MouseEvent): void => {
    if ((event.target as Element).closest(OWN)) return;
    // Touch double-taps are told by `up`; browsers report them here as well.
    if ((event as PointerEvent).pointerType === 'touch' || event.timeStamp - this.lastTap.at < DOUBLE_TAP_MS)
      return;
    this.target.double(this.point(event));
  };

  private readonly hold = (): void => {
    this.held = this.target.hold(true);
    if (!this.held || !this.swiping) return;
    this.swiping = false;
    this.target.drag(STILL);
  };

  /** Ends a hold; whether there was one. */
  private letGo(): boolean {
    clearTimeout(this.timer);
    const { held } = this;
    this.held = false;
    if (held) this.target.hold(false);
    return held;
  }

  private tapped(event: PointerEvent, now: Point): boolean {
    if (this.pointers.size || distance(this.start, now) > TAP_RADIUS) return false;
    const again =
      event.timeStamp - this.lastTap.at < DOUBLE_TAP_MS && distance(this.lastTap.point, now) < TAP_RADIUS * 2;
    this.lastTap = { at: event.timeStamp, point: now };
    if (!again) return false;
    if (this.swiping) this.target.drag(STILL);
    this.swiping = false;
    this.target.double(now);
    return true;
  }

  /** Along one axis only, whichever the finger chose, and never upwards. */
  private dragged(now: Point): Point {
    const dx = now.x - this.start.x;
    const dy = now.y - this.start.y;
    return Math.abs(dx) >= Math.abs(dy) ? { x: dx, y: 0 } : { x: 0, y: Math.max(0, dy) };
  }

  private point(event: MouseEvent): Point {
    const rect = (event.currentTarget as Element).getBoundingClientRect();
    return { x: event.clientX - rect.left - rect.width / 2, y: event.clientY - rect.top - rect.height / 2 };
  }
}
