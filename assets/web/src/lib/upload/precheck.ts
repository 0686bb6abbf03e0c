interface Question {
  hash: string;
  resolve(assetId: string | null): void;
}

export type AskServer = (
  hashes: string[],
  repository: string,
) => Promise<readonly { hash: string; exists: boolean; asset_id?: string }[]>;

const GROUP = 100;
const WAIT_MS = 150;

/** Asks in groups which files the library has: after a moment, or when enough questions have come together. */
export class Precheck {
  private readonly groups = new Map<string, Question[]>();

  constructor(private readonly server: AskServer) {}

  /** The asset that has this content; null when there is none or the server cannot say. */
  ask(hash: string, repository: string): Promise<string | null> {
    return new Promise((resolve) => {
      const group = this.groups.get(repository) ?? [];
      group.push({ hash, resolve });
      if (group.length === 1) {
        this.groups.set(repository, group);
        setTimeout(() => void this.flush(repository, group), WAIT_MS);
      } else if (group.length >= GROUP) void this.flush(repository, group);
    });
  }

  private async flush(repository: string, group: Question[]): Promise<void> {
    if (this.groups.get(repository) !== group) return;
    this.groups.delete(repository);
    const found = new Map<string, string>();
    try {
      const hashes = [...new Set(group.map((question) => question.hash))];
      for (const { hash, exists, asset_id } of await this.server(hashes, repository))
        if (exists && asset_id) found.set(hash, asset_id);
    } catch {
      // Then the files are sent, and the server finds out by itself.
    }
    for (const { hash, resolve } of group) resolve(found.get(hash) ?? null);
  }
}
