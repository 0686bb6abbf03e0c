import type { MessageKey } from '../i18n';
import type { PageName } from '../lib/routes';
import type { IconName } from './icons';

export interface NavEntry {
  page: PageName;
  href: string;
  label: MessageKey;
  icon: IconName;
  admin?: boolean;
  /** On phones it is in the menu of the account: seven do not fit side by side. */
  inMenu?: boolean;
  /** A page that belongs to it. */
  part?: PageName;
}

export const NAV: readonly NavEntry[] = [
  { page: 'photos', href: '/photos', label: 'nav.photos', icon: 'photos' },
  { page: 'albums', href: '/albums', label: 'nav.albums', icon: 'albums', part: 'album' },
  { page: 'upload', href: '/upload', label: 'nav.upload', icon: 'upload' },
  { page: 'repositories', href: '/repositories', label: 'nav.repositories', icon: 'folder', admin: true },
  { page: 'activity', href: '/activity', label: 'nav.activity', icon: 'activity', admin: true },
  { page: 'trash', href: '/trash', label: 'trash.title', icon: 'trash', inMenu: true },
  { page: 'settings', href: '/settings', label: 'nav.settings', icon: 'settings' },
];

/** Pages that are reached from others. */
const FURTHER: Partial<Record<PageName, MessageKey>> = {
  album: 'nav.albums',
  account: 'account.title',
  users: 'users.title',
  audit: 'audit.title',
};

export function titleOf(page: PageName): MessageKey | undefined {
  return NAV.find((entry) => entry.page === page)?.label ?? FURTHER[page];
}

/** For the attribute of that name. */
export function currentIn(entry: NavEntry, page: PageName): 'page' | 'true' | undefined {
  return entry.page === page ? 'page' : entry.part === page ? 'true' : undefined;
}

export function navFor(admin: boolean): NavEntry[] {
  return NAV.filter((entry) => admin || !entry.admin);
}
