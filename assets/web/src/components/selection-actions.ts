import type { Component } from 'svelte';
import { fetchFile, post } from '../api/client';
import { t, tn, type MessageKey } from '../i18n';
import { tell } from '../lib/albums.svelte';
import { saveFile } from '../lib/export';
import { toasts } from '../lib/toasts.svelte';
import { throwAway } from '../lib/trash.svelte';
import AddToAlbum from './AddToAlbum.svelte';
import type { IconName } from './icons';

type DialogOf = Component<{ ids: string[]; onclose: (done?: boolean) => void }>;

/** What can be done with what is selected: at once by `run`, or in a dialog. */
export type SelectionAction = {
  label: MessageKey;
  icon: IconName;
  /** Most that it takes. */
  most?: number;
  /** The selection has served its purpose. */
  ends?: boolean;
} & ({ run: (ids: string[]) => Promise<void> } | { dialog: DialogOf });

/** **An action that all pages have is one line here**; those of one page come with its selection bar. */
export const ACTIONS: readonly SelectionAction[] = [
  { label: 'select.add_to_album', icon: 'albumAdd', dialog: AddToAlbum as DialogOf, ends: true },
  { label: 'select.like', icon: 'heart', run: like, most: 10_000 },
  { label: 'viewer.delete', icon: 'trash', run: throwAway, most: 10_000, ends: true },
  { label: 'select.download', icon: 'download', run: download, most: 10_000 },
];

async function like(ids: string[]): Promise<void> {
  const { changed } = await setLiked(ids, true);
  if (!changed.length) return toasts.show(tn('select.liked', ids.length));
  toasts.show(tn('select.liked', ids.length), {
    label: t('edit.undo'),
    run: () => void setLiked(changed, false).catch(tell),
  });
}

function setLiked(asset_ids: string[], liked: boolean) {
  return post('/api/v1/assets/likes', { body: { asset_ids, liked } });
}

async function download(ids: string[]): Promise<void> {
  toasts.show(t('select.packing'));
  saveFile(await fetchFile('/api/v1/assets/download', undefined, { asset_ids: ids }), t('select.zip'));
}
