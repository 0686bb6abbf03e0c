export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Scale 1 is "fits the stage"; x and y move the picture's centre away from the stage's centre. */
export interface View extends Point {
  scale: number;
}

export const FIT: View = { scale: 1, x: 0, y: 0 };
export const STEP = 1.5;

export function fitSize(picture: Size, stage: Size, most = 1): Size {
  if (picture.width <= 0 || picture.height <= 0 || stage.width <= 0 || stage.height <= 0)
    return { width: 0, height: 0 };
  const ratio = Math.min(stage.width / picture.width, stage.height / picture.height);
  const used = Math.min(most, ratio);
  return { width: picture.width * used, height: picture.height * used };
}

/** Far enough to see single pixels, and always far enough to be worth the gesture. */
export function maxScale(picture: Size, fitted: Size): number {
  if (fitted.width <= 0) return 4;
  return Math.max(4, (picture.width / fitted.width) * 3);
}

export function clampView(view: View, fitted: Size, stage: Size, limit: number): View {
  const scale = Math.min(limit, Math.max(1, view.scale));
  if (scale <= 1) return FIT;
  const roomX = Math.max(0, (fitted.width * scale - stage.width) / 2);
  const roomY = Math.max(0, (fitted.height * scale - stage.height) / 2);
  return {
    scale,
    x: Math.min(roomX, Math.max(-roomX, view.x)) || 0,
    y: Math.min(roomY, Math.max(-roomY, view.y)) || 0,
  };
}

/** Zooms so that the spot under the pointer stays under the pointer; `at` is measured from the stage's centre. */
export function zoomAt(
  view: View,
  factor: number,
  at: Point,
  fitted: Size,
  stage: Size,
  limit: number,
): View {
  const scale = Math.min(limit, Math.max(1, view.scale * factor));
  const change = scale / view.scale;
  return clampView(
    { scale, x: at.x - (at.x - view.x) * change, y: at.y - (at.y - view.y) * change },
    fitted,
    stage,
    limit,
  );
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

export type Swipe = 'next' | 'previous' | 'close' | null;

/** What a finished one-finger drag means: a long or a quick move counts, a hesitant one does not. */
export function swipeOf(dx: number, dy: number, ms: number, stage: Size): Swipe {
  const quick = ms < 300;
  if (Math.abs(dx) > Math.abs(dy)) {
    if (Math.abs(dx) < (quick ? 36 : stage.width / 3)) return null;
    return dx < 0 ? 'next' : 'previous';
  }
  return dy > (quick ? 60 : stage.height / 4) ? 'close' : null;
}
