import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { AssetChange, JobChange, ScanRun, UploadSessionProgress } from '../api/types';

export interface Topics {
  assets: AssetChange;
  jobs: JobChange;
  scans: ScanRun;
  uploads: UploadSessionProgress;
  /** Ids. */
  repositories: string;
  /** Ids. */
  albums: number;
}

export type Topic = keyof Topics;

/** What changed. When `truncated`, there is more than is listed: load again what is shown. */
export interface News<T> {
  changed: T[];
  truncated: boolean;
}

export type Handler<T extends Topic> = (news: News<Topics[T]>) => void;

/** Opens the stream; null when the server has none. */
export type Connect = (signal: AbortSignal) => Promise<Response | null>;

/** Twice the server's heartbeat and a bit: a connection that is silent for longer is dead. */
const SILENCE_MS = 40_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
const WITHOUT_STREAM_MS = 300_000;
const POLL_MS = 10_000;
const TOPICS: readonly Topic[] = ['assets', 'jobs', 'scans', 'uploads', 'repositories', 'albums'];
const LOAD_AGAIN: News<never> = { changed: [], truncated: true };

/**
 * Keeps one stream of server-sent events open between `open` and `close`. Nothing is replayed after a break,
 * so every (re)connection tells all subscribers to load again; while there is no connection they are told so
 * every few seconds instead.
 */
export class EventStream {
  private readonly handlers = new Map<Topic, Set<Handler<Topic>>>(
    TOPICS.map((topic) => [topic, new Set<Handler<Topic>>()]),
  );
  private run: AbortController | null = null;
  private poller: ReturnType<typeof setInterval> | undefined;
  private wake: (() => void) | undefined;
  private failures = 0;

  constructor(
    private readonly connect: Connect,
    private readonly random: () => number = Math.random,
  ) {}

  /** Calls `handler` with news of a topic; the returned function ends that. */
  on<T extends Topic>(topic: T, handler: Handler<T>): () => void {
    const handlers = this.handlers.get(topic)!;
    handlers.add(handler as Handler<Topic>);
    return () => handlers.delete(handler as Handler<Topic>);
  }

  open(): void {
    if (this.run) return;
    this.run = new AbortController();
    this.failures = 0;
    void this.keepOpen(this.run.signal);
  }

  close(): void {
    this.run?.abort();
    this.run = null;
    this.stopPolling();
  }

  /** Connects now if it was waiting to: the server has been heard of by other means. */
  hurry(): void {
    this.wake?.();
  }

  private async keepOpen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const there = await this.follow(signal);
      if (signal.aborted) return;
      this.poller ??= setInterval(() => this.loadAgain(), POLL_MS);
      await this.pause(there ? this.delay() : WITHOUT_STREAM_MS, signal);
    }
  }

  /** Half of the delay is left to chance, so that all pages do not come back in the same moment. */
  private delay(): number {
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures++);
    return longest * (0.5 + this.random() / 2);
  }

  /** Reads until the stream ends or breaks; false when the server has no stream. */
  private async follow(signal: AbortSignal): Promise<boolean> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const response = await this.connect(attempt.signal);
      if (!response?.body) return false;
      const parser = createParser({ onEvent: (message) => signal.aborted || this.deliver(message) });
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        parser.feed(decoder.decode(part.value, { stream: true }));
      }
    } catch {
      // Why it broke does not matter: the next attempt tells whether the server is there.
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      attempt.abort();
    }
    return true;
  }

  private deliver(message: EventSourceMessage): void {
    if (message.event === 'ready') {
      this.failures = 0;
      this.stopPolling();
      this.loadAgain();
    } else if (isTopic(message.event)) this.tell(message.event, read(message.data));
  }

  private loadAgain(): void {
    for (const topic of TOPICS) this.tell(topic, LOAD_AGAIN);
  }

  private tell(topic: Topic, news: News<Topics[Topic]>): void {
    for (const handler of [...this.handlers.get(topic)!]) {
      try {
        handler(news as News<never>);
      } catch (error) {
        // One page's fault must not cut off the others.
        console.error(error);
      }
    }
  }

  private stopPolling(): void {
    clearInterval(this.poller);
    this.poller = undefined;
  }

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      this.wake = done;
    });
  }
}

function isTopic(name: string | undefined): name is Topic {
  return (TOPICS as readonly (string | undefined)[]).includes(name);
}

function read(data: string): News<Topics[Topic]> {
  try {
    const { changed, truncated } = JSON.parse(data) as Partial<News<Topics[Topic]>>;
    return { changed: changed ?? [], truncated: truncated ?? false };
  } catch {
    return LOAD_AGAIN;
  }
}
