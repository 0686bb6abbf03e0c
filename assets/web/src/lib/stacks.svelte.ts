import { get, post, put, remove } from '../api/client';
import type { Asset, Stack } from '../api/types';
import { t, type MessageKey } from '../i18n';
import { errorText } from './format';
import { toasts } from './toasts.svelte';

/** Most members that are shown. */
const SHOWN = 100;

/** A stack with its pictures that are not in the trash, the cover first. */
export interface ShownStack {
  stack: Stack;
  assets: Asset[];
}

/** What people do to stacks: at once, one after the other, and taken back as easily. */
class Stacks {
  /** Counts changes, so that what is shown is read again. */
  changes = $state(0);
  private queue: Promise<void> = Promise.resolve();

  /** The stack of an asset; null when it is in none by now. */
  async load(id: string, signal: AbortSignal): Promise<ShownStack | null> {
    const asset = await get('/api/v1/assets/{id}', { path: { id }, signal });
    if (!asset.stack) return null;
    const { stack } = await get('/api/v1/assets/{id}/stack', { path: { id }, signal });
    const ids = stack.members.map((member) => member.asset_id).slice(0, SHOWN);
    const page = await post('/api/v1/assets/list', {
      body: { filter: { asset_ids: ids }, stack_mode: 'expanded', pagination: { limit: SHOWN } },
      signal,
    });
    const found = new Map((page.items ?? []).map((row) => [row.asset?.asset_id, row.asset]));
    return { stack, assets: ids.map((it) => found.get(it)).filter((asset) => asset !== undefined) };
  }

  setCover(id: string, before: Stack): Promise<void> {
    return this.change('stack.cover_set', id, before, () =>
      put('/api/v1/assets/{id}/stack/cover', { path: { id } }),
    );
  }

  takeOut(id: string, before: Stack): Promise<void> {
    return this.change('stack.taken_out', id, before, () =>
      remove('/api/v1/assets/{id}/stack', { path: { id } }),
    );
  }

  unstack(id: string, before: Stack): Promise<void> {
    return this.change('stack.unstacked', id, before, () =>
      remove('/api/v1/assets/{id}/stack', { path: { id }, query: { everything: 'true' } }),
    );
  }

  private change(said: MessageKey, id: string, before: Stack, step: () => Promise<unknown>): Promise<void> {
    const undo = () =>
      put('/api/v1/assets/{id}/stack', {
        path: { id },
        body: { stack_kind: before.stack_kind, members: before.members },
      });
    return this.inTurn(async () => {
      await step();
      toasts.show(t(said), { label: t('edit.undo'), run: () => void this.inTurn(undo) });
    });
  }

  private inTurn(step: () => Promise<unknown>): Promise<void> {
    this.queue = this.queue
      .then(step)
      .then(() => void this.changes++)
      .catch((error: unknown) => toasts.show(errorText(error)));
    return this.queue;
  }
}

export const stacks = new Stacks();
