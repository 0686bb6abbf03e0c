import { describe, expect, it } from 'vitest';
import type { SetupStatus, User } from '../api/types';
import { gate } from './gate';

const status = (admin: boolean, primary: boolean, database = true) =>
  ({
    database_initialized: database,
    admin_initialized: admin,
    primary_repository_initialized: primary,
  }) as SetupStatus;
const admin = { role: 'admin' } as User;
const user = { role: 'user' } as User;

describe('gate', () => {
  it('leads a new server to the wizard, whatever was asked for', () => {
    expect(gate('photos', status(false, false), null, false)).toEqual({ redirect: '/setup' });
    expect(gate('setup', status(false, false), null, false)).toEqual({ show: 'page' });
    expect(gate('setup', status(false, false, false), null, false)).toEqual({ show: 'preparing' });
  });

  it('asks strangers to sign in', () => {
    expect(gate('photos', status(true, true), null, false)).toEqual({ redirect: '/login' });
    expect(gate('setup', status(true, true), null, false)).toEqual({ redirect: '/login' });
    expect(gate('register', status(true, true), null, false)).toEqual({ show: 'page' });
    expect(gate('notfound', status(true, true), null, false)).toEqual({ show: 'page' });
  });

  it('asks for a new password before anything else', () => {
    const reset = { role: 'user', must_change_password: true } as User;
    expect(gate('photos', status(true, true), reset, false)).toEqual({ show: 'password' });
    expect(gate('login', status(true, false), reset, false)).toEqual({ show: 'password' });
  });

  it('lets only the administrator choose the storage', () => {
    expect(gate('photos', status(true, false), admin, true)).toEqual({ redirect: '/setup' });
    expect(gate('photos', status(true, false), user, false)).toEqual({ show: 'waiting' });
  });

  it('shows the last step of the wizard, and leaves it alone afterwards', () => {
    expect(gate('setup', status(true, true), admin, true)).toEqual({ show: 'page' });
    expect(gate('setup', status(true, true), admin, false)).toEqual({ redirect: '/photos' });
    expect(gate('login', status(true, true), admin, false)).toEqual({ redirect: '/photos' });
    expect(gate('register', status(true, true), user, false)).toEqual({ redirect: '/photos' });
    expect(gate('activity', status(true, true), user, false)).toEqual({ show: 'page' });
  });
});
