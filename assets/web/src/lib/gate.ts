import type { SetupStatus, User } from '../api/types';
import type { PageName } from './routes';

export type Gate = { show: 'page' | 'preparing' | 'waiting' | 'password' } | { redirect: string };

/** Pages for who is not signed in. */
const ENTRANCES: readonly PageName[] = ['login', 'register'];

/** Where a visitor has to be, by how far the first start has come and who is signed in. */
export function gate(page: PageName, status: SetupStatus, user: User | null, wizardOpen: boolean): Gate {
  if (status.database_initialized === false) return { show: 'preparing' };
  if (!status.admin_initialized) return page === 'setup' ? { show: 'page' } : { redirect: '/setup' };
  if (page === 'notfound') return { show: 'page' };
  if (!user) return ENTRANCES.includes(page) ? { show: 'page' } : { redirect: '/login' };
  if (user.must_change_password) return { show: 'password' };
  if (!status.primary_repository_initialized) {
    if (user.role !== 'admin') return { show: 'waiting' };
    return page === 'setup' ? { show: 'page' } : { redirect: '/setup' };
  }
  if (page === 'setup' && wizardOpen) return { show: 'page' };
  if (page === 'setup' || ENTRANCES.includes(page)) return { redirect: '/photos' };
  return { show: 'page' };
}
