type Message = { type: 'ask' } | { type: 'here'; page: string } | { type: 'changed' };

const ANSWER_MS = 300;

/** Tells the pages of one browser apart: what another open page has in its queue is no leftover. */
export class Presence {
  private readonly channel: BroadcastChannel | null;
  private answers: Set<string> | null = null;

  constructor(
    readonly page: string,
    private readonly changed: () => void,
    name = 'lumilio-uploads',
  ) {
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
    this.channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => this.take(data));
  }

  /** The other pages that are open. */
  async others(): Promise<Set<string>> {
    const answers = (this.answers ??= new Set());
    this.say({ type: 'ask' });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    this.answers = null;
    return answers;
  }

  /** Lets other pages know that leftovers were taken up or forgotten. */
  tell(): void {
    this.say({ type: 'changed' });
  }

  private take(message: Message): void {
    if (message.type === 'ask') this.say({ type: 'here', page: this.page });
    else if (message.type === 'here') this.answers?.add(message.page);
    else this.changed();
  }

  private say(message: Message): void {
    this.channel?.postMessage(message);
  }
}
