import { anew, media } from '../api/media.svelte';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
/** Seconds that one key press moves. */
export const STEP_SECONDS = 5;

const MUTED = 'lumilio.player.muted';

/** What holds for everything that is played until the page is closed; muting is remembered for longer. */
class Manner {
  speed = $state(1);
  muted = $state(localStorage.getItem(MUTED) === '1');
}

export const manner = new Manner();

/** One video or recording being played; its element tells `time`, `duration` and `paused` by binding. */
export class Player {
  element = $state<HTMLMediaElement>();
  source = $state('');
  time = $state(0);
  duration = $state(0);
  paused = $state(true);
  waiting = $state(false);
  failed = $state(false);
  /** It has been played or moved, so that the poster is out of place. */
  touched = $state(false);

  private token: string | null = null;
  private loads = 0;
  private resume: { time: number; play: boolean } | null = null;

  /** To be made while a component is: its effects end with that. */
  constructor(
    private readonly address: () => string,
    private readonly known: number,
  ) {
    this.load();
    $effect(() => {
      if (!this.element) return;
      // Loading anew falls back to the default.
      this.element.defaultPlaybackRate = manner.speed;
      this.element.playbackRate = manner.speed;
    });
  }

  /** Seconds; files that were written while recording do not tell, so the server's figure helps out. */
  get length(): number {
    return Number.isFinite(this.duration) ? this.duration : this.known;
  }

  toggle(): void {
    const element = this.element;
    if (!element || this.failed) return;
    this.touched = true;
    if (element.paused) this.play();
    else element.pause();
  }

  seek(seconds: number): void {
    if (!this.element || !this.length || this.failed) return;
    this.touched = true;
    // Not quite to the end, where playing on would begin anew.
    this.time = Math.min(Math.max(0, seconds), Math.max(0, this.length - 0.05));
  }

  seekBy(seconds: number): void {
    this.seek(this.time + seconds);
  }

  changeSpeed(direction: 1 | -1): void {
    const at = SPEEDS.findIndex((speed) => speed === manner.speed);
    manner.speed = SPEEDS[at + direction] ?? manner.speed;
  }

  toggleMuted(): void {
    manner.muted = !manner.muted;
    localStorage.setItem(MUTED, manner.muted ? '1' : '0');
  }

  /** Takes the file anew, as when a copy for browsers has been made meanwhile. */
  reload(): void {
    this.resume = { time: this.time, play: !this.paused };
    this.failed = false;
    this.load();
  }

  onloadedmetadata = (): void => {
    const { resume } = this;
    this.resume = null;
    if (!resume) return;
    if (resume.time) this.seek(resume.time);
    if (resume.play) this.play();
  };

  onerror = (): void => {
    // A long one outlasts the token in its address.
    if (media.token !== this.token) this.reload();
    else this.failed = true;
  };

  private load(): void {
    this.token = media.token;
    this.source = anew(this.address(), this.loads++);
  }

  private play(): void {
    // A refusal is told by the error event, or is the browser's wish for a gesture.
    this.element?.play().catch(() => {});
  }
}
