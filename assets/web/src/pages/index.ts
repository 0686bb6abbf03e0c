import type { Component } from 'svelte';
import type { PageName } from '../lib/routes';

type Loader = () => Promise<{ default: Component }>;

export const pages: Record<PageName, Loader> = {
  photos: () => import('./Photos.svelte'),
  albums: () => import('./Albums.svelte'),
  album: () => import('./Album.svelte'),
  trash: () => import('./Trash.svelte'),
  upload: () => import('./Upload.svelte'),
  settings: () => import('./Settings.svelte'),
  account: () => import('./Account.svelte'),
  users: () => import('./Users.svelte'),
  audit: () => import('./Audit.svelte'),
  repositories: () => import('./Repositories.svelte'),
  activity: () => import('./Activity.svelte'),
  setup: () => import('./Setup.svelte'),
  login: () => import('./Login.svelte'),
  register: () => import('./Register.svelte'),
  notfound: () => import('./NotFound.svelte'),
};
