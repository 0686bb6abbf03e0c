import type { Point } from './zoom';

export interface DragTarget {
  /** A drag begins, at a point of the node; whether it means anything. */
  begin(at: Point, touch: boolean): boolean;
  drag(at: Point): void;
  end(cancelled: boolean): void;
}

const MOUSE_SLACK = 6;
const TOUCH_SLACK = 10;
const HOLD_MS = 380;
/** This near to an edge of the scroller it scrolls along. */
const EDGE = 56;
const FASTEST = 18;
/** A tap may be reported as a click a little after the finger has left. */
const LATE_CLICK_MS = 350;

/**
 * Drags over the pictures of a grid: with a mouse at once, with a finger after holding still, so that
 * scrolling stays what it is. The grid scrolls along at its edges.
 */
export class TileDrag {
  private start: { x: number; y: number; id: number; touch: boolean } | null = null;
  private last = { x: 0, y: 0 };
  private active = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;

  constructor(
    private readonly node: HTMLElement,
    private readonly scroller: HTMLElement,
    private readonly target: DragTarget,
  ) {}

  /** Listens until the returned function is called. */
  listen(): () => void {
    const gone = new AbortController();
    const { signal } = gone;
    this.node.addEventListener('pointerdown', this.down, { signal });
    this.node.addEventListener('contextmenu', this.menu, { signal });
    // Not passive, for otherwise the browser scrolls what is being dragged over.
    this.node.addEventListener('touchmove', this.keep, { signal, passive: false });
    addEventListener('pointermove', this.move, { signal });
    addEventListener('pointerup', this.up, { signal });
    addEventListener('pointercancel', this.cancel, { signal });
    addEventListener('keydown', this.key, { signal, capture: true });
    return () => {
      this.finish(true);
      gone.abort();
    };
  }

  private down = (event: PointerEvent): void => {
    if (event.button !== 0 || this.start || event.ctrlKey || event.metaKey) return;
    if ((event.target as Element).closest('button')) return;
    const touch = event.pointerType === 'touch';
    this.start = { x: event.clientX, y: event.clientY, id: event.pointerId, touch };
    this.last = this.start;
    if (touch) this.timer = setTimeout(this.begin, HOLD_MS);
  };

  private move = (event: PointerEvent): void => {
    if (event.pointerId !== this.start?.id) return;
    // The button may have been let go outside of the window.
    if (!this.start.touch && !event.buttons) return this.finish(false);
    this.last = { x: event.clientX, y: event.clientY };
    if (this.active) return this.target.drag(this.point());
    const far = Math.hypot(this.last.x - this.start.x, this.last.y - this.start.y);
    if (this.start.touch) {
      if (far > TOUCH_SLACK) this.finish(true);
    } else if (far > MOUSE_SLACK) this.begin();
  };

  private begin = (): void => {
    const { start } = this;
    if (!start) return;
    if (!this.target.begin(this.pointOf(start), start.touch)) return this.finish(true);
    this.active = true;
    this.target.drag(this.point());
    this.frame = requestAnimationFrame(this.scrollAlong);
  };

  private up = (event: PointerEvent): void => {
    if (event.pointerId === this.start?.id) this.finish(false);
  };

  private cancel = (event: PointerEvent): void => {
    if (event.pointerId === this.start?.id) this.finish(true);
  };

  private key = (event: KeyboardEvent): void => {
    if (!this.active || event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.finish(true);
  };

  private keep = (event: TouchEvent): void => {
    if (this.active && event.cancelable) event.preventDefault();
  };

  /** Holding a finger on a link is a drag here. */
  private menu = (event: Event): void => {
    if (this.start?.touch) event.preventDefault();
  };

  private finish(cancelled: boolean): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    const { active, start } = this;
    this.active = false;
    this.start = null;
    if (!active) return;
    this.target.end(cancelled);
    this.swallowClick(start?.touch ? LATE_CLICK_MS : 0);
  }

  private scrollAlong = (): void => {
    const view = this.scroller.getBoundingClientRect();
    const up = view.top + EDGE - this.last.y;
    const down = this.last.y - (view.bottom - EDGE);
    const by = up > 0 ? -up : down > 0 ? down : 0;
    if (by) {
      this.scroller.scrollTop += Math.sign(by) * Math.min(FASTEST, Math.abs(by) / 2);
      this.target.drag(this.point());
    }
    this.frame = requestAnimationFrame(this.scrollAlong);
  };

  private point(): Point {
    return this.pointOf(this.last);
  }

  private pointOf({ x, y }: Point): Point {
    const box = this.node.getBoundingClientRect();
    return { x: x - box.left, y: y - box.top };
  }

  /** What was dragged over must not open. */
  private swallowClick(ms: number): void {
    const stop = (event: Event) => {
      event.preventDefault();
      event.stopPropagation();
    };
    this.node.addEventListener('click', stop, { capture: true, once: true });
    setTimeout(() => this.node.removeEventListener('click', stop, { capture: true }), ms);
  }
}
