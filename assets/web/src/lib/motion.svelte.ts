import { anew, media } from '../api/media.svelte';

/** Whether photos that move are heard; until the page is closed. */
class Sound {
  on = $state(false);
}

export const sound = new Sound();

/** The film of a photo that moves. It is fetched when it is to play for the first time. */
export class Motion {
  element = $state<HTMLVideoElement>();
  source = $state<string>();
  /** Somebody wants to see it. */
  wanted = $state(false);
  /** It has a picture to show in place of the still. */
  running = $state(false);
  /** The browser refuses it: for good, or until the copy is ready that the server makes when it is asked. */
  fault = $state<'preparing' | 'failed' | null>(null);

  private token: string | null = null;
  private again = false;
  private loads = 0;

  constructor(private readonly address: () => string) {}

  start(): void {
    if (!this.source || this.fault === 'failed') this.load();
    this.wanted = true;
  }

  stop(): void {
    this.wanted = this.running = false;
  }

  toggle(): void {
    if (this.wanted) this.stop();
    else this.start();
  }

  /** Something has changed on the server, perhaps there is a copy by now. */
  retry(): void {
    if (this.fault === 'preparing') this.load();
  }

  /** Browsers play the sound alone of what they cannot show. */
  onloadedmetadata = (): void => {
    if (!this.element?.videoWidth) void this.onerror();
  };

  onerror = async (): Promise<void> => {
    this.running = false;
    if (!this.source) return;
    // A long look outlasts the token in the address.
    if (media.token !== this.token) this.load();
    else if (await isProvisional(this.source)) {
      this.fault = 'preparing';
    } else if (this.again) {
      this.fault = 'failed';
    } else {
      // The copy may have taken its place just now.
      this.load();
      this.again = true;
    }
  };

  private load(): void {
    this.fault = null;
    this.again = false;
    this.token = media.token;
    this.source = anew(this.address(), this.loads++);
  }
}

/** What makes way for something better may not be kept. */
async function isProvisional(address: string): Promise<boolean> {
  try {
    const answer = await fetch(address, { method: 'HEAD' });
    return answer.headers.get('cache-control')?.includes('no-cache') ?? false;
  } catch {
    return false;
  }
}
