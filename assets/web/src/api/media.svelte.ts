import { get } from './client';

const RENEW_BEFORE_MS = 60_000;
const RETRY_MS = 10_000;

export type ThumbnailSize = 'small' | 'medium' | 'large';

/** Pictures are loaded by the browser without headers, so their addresses carry a short-lived token. */
class MediaAccess {
  token = $state<string | null>(null);
  private expiresAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;

  ensure(): Promise<void> {
    if (this.token && Date.now() < this.expiresAt - RENEW_BEFORE_MS) return Promise.resolve();
    this.running ??= this.renew().finally(() => (this.running = null));
    return this.running;
  }

  clear(): void {
    clearTimeout(this.timer);
    this.token = null;
    this.expiresAt = 0;
  }

  private async renew(): Promise<void> {
    clearTimeout(this.timer);
    let wait = RETRY_MS;
    try {
      const { token, expires_at } = await get('/api/v1/auth/media-token');
      this.token = token;
      this.expiresAt = Date.parse(expires_at) || Date.now() + 5 * RENEW_BEFORE_MS;
      wait = Math.max(RETRY_MS, this.expiresAt - Date.now() - RENEW_BEFORE_MS);
    } catch {
      // Old addresses stay good for up to a minute; the timer tries again.
    }
    this.timer = setTimeout(() => void this.ensure(), wait);
  }
}

export const media = new MediaAccess();

// A laptop that slept past the expiry must not wait for a late timer.
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && media.token) void media.ensure();
  });
}

function withToken(path: string, query = ''): string {
  return `${path}?${query}mt=${encodeURIComponent(media.token ?? '')}`;
}

/** `hash` is that of the original: when its content changes, the browser's copy is of no use any more. */
export function thumbnailUrl(id: string, size: ThumbnailSize, hash?: string | null): string {
  // Whole, for only then the server lets the browser keep the picture for good.
  const version = hash ? `v=${hash}&` : '';
  return withToken(`/api/v1/assets/${id}/thumbnail`, `size=${size}&${version}`);
}

/** What browsers play of a video: a copy made for them, else the original. */
export function webVideoUrl(id: string): string {
  return withToken(`/api/v1/assets/${id}/video/web`);
}

/** The same for a recording. */
export function webAudioUrl(id: string): string {
  return withToken(`/api/v1/assets/${id}/audio/web`);
}

/** What plays when a photo moves; `hash` is that of the photo, as for previews. */
export function motionUrl(id: string, hash?: string | null): string {
  return withToken(`/api/v1/assets/${id}/motion`, hash ? `v=${hash}&` : '');
}

/** The same address for another try: browsers keep what they could not play, whatever the server says. */
export function anew(address: string, attempt: number): string {
  return attempt ? `${address}&_r=${attempt}` : address;
}

export function originalUrl(id: string): string {
  return withToken(`/api/v1/assets/${id}/original`);
}
