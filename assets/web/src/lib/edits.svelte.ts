import { get, put } from '../api/client';
import type { AssetDetail, TypedMetadata } from '../api/types';
import { t, type MessageKey } from '../i18n';
import { errorText } from './format';
import { library } from './library.svelte';
import { toasts } from './toasts.svelte';

/** undefined takes a value away, null gives back what the file says. */
export type Changes = Partial<TypedMetadata>;

/** What people type over the facts of a file: saved at once, one after the other, and taken back as easily. */
class Edits {
  /** The asset edited last, as the server has it now. */
  latest = $state.raw<AssetDetail | null>(null);
  private queue: Promise<void> = Promise.resolve();

  change(id: string, changes: Changes, said: MessageKey): Promise<void> {
    return this.inTurn(async () => {
      // From the server, so that what somebody else typed meanwhile is kept.
      const before = (await detailOf(id)).specific_metadata as TypedMetadata;
      await this.replace(id, { ...before, ...changes });
      this.offerUndo(said, () => this.replace(id, before));
    });
  }

  rate(id: string, rating: number, before: number): Promise<void> {
    const save = async (stars: number) => {
      await put('/api/v1/assets/{id}/rating', { path: { id }, body: { rating: stars } });
      await this.renew(id);
    };
    return this.inTurn(async () => {
      await save(rating);
      this.offerUndo('edit.rated', () => save(before));
    });
  }

  like(id: string, liked: boolean): Promise<void> {
    return this.inTurn(async () => {
      await put('/api/v1/assets/{id}/like', { path: { id }, body: { liked } });
      await this.renew(id);
    });
  }

  private offerUndo(said: MessageKey, undo: () => Promise<void>): void {
    toasts.show(t(said), { label: t('edit.undo'), run: () => void this.inTurn(undo) });
  }

  private async replace(id: string, document: TypedMetadata): Promise<void> {
    await put('/api/v1/assets/{id}', { path: { id }, body: { specific_metadata: document } });
    await this.renew(id);
  }

  private async renew(id: string): Promise<void> {
    const detail = await detailOf(id);
    this.latest = detail;
    library.put(detail);
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step).catch((error: unknown) => {
      toasts.show(errorText(error));
    });
    return this.queue;
  }
}

function detailOf(id: string): Promise<AssetDetail> {
  return get('/api/v1/assets/{id}', { path: { id } });
}

export const edits = new Edits();
