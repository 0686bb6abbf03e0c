import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../api/types';
import { ACTIONS, isWorrying, sentence } from './audit';

function event(action: AuditEvent['action'], more: Partial<AuditEvent> = {}): AuditEvent {
  const from = { address: '127.0.0.1', user_agent: 'Test/1.0' };
  const when = { event_id: 1, occurred_at: '2031-07-04T09:15:00Z' };
  return { action, ...from, ...when, count: 1, actor: 'ada', details: {}, ...more };
}

const SAID: [AuditEvent, string][] = [
  [event('login', { details: { method: 'passkey' } }), 'ada signed in (passkey)'],
  [
    event('login_failed', { actor: undefined, subject: 'ben', details: { method: 'password' } }),
    'A sign-in as ben was refused (password)',
  ],
  [
    event('login_failed', { actor: undefined, subject: 'ben', count: 7, details: { method: 'totp' } }),
    '7 sign-ins as ben were refused (code of the authenticator app)',
  ],
  [
    event('login_failed', { actor: undefined, count: 60, details: { method: 'password' } }),
    '60 sign-ins to no account were refused (password)',
  ],
  [event('assets_deleted', { details: { count: 1, why: 'emptied' } }), 'ada deleted 1 item for good'],
  [
    event('assets_deleted', { actor: undefined, details: { count: 3, why: 'retention' } }),
    '3 items had been in the trash for long enough and were deleted for good',
  ],
  [event('sessions_revoked', { details: { count: 2 } }), 'ada signed out 2 devices of their own'],
  [
    event('user_updated', { subject: 'ben', details: { role: 'admin', is_active: false } }),
    'ada made ben an administrator · ada deactivated ben',
  ],
  [
    event('access_reset', { actor: undefined, address: '', subject: 'ben' }),
    'Somebody at the command line reset the access of ben',
  ],
  [
    event('user_registered', { actor: 'ben', details: { role: 'user', invite_id: 3 } }),
    'ben created their account with invitation 3',
  ],
  [event('user_created', { subject: 'ben' }), 'ada created an account for ben'],
  [event('access_reset', { subject: 'ben' }), 'ada reset the access of ben'],
  [event('passkey_enrolled', { details: { label: 'Phone' } }), 'ada added the passkey “Phone”'],
  [
    event('settings_updated', { details: { changed: ['llm.api_key', 'ml.ocr_enabled'] } }),
    'ada changed settings: llm.api_key, ml.ocr_enabled',
  ],
];

describe('sentence', () => {
  it.each(SAID)('%#', (told, said) => expect(sentence(told)).toBe(said));

  it('has words for every action', () => {
    const details = { method: 'password', count: 1, label: 'x', changed: ['x'], role: 'user' };
    for (const action of ACTIONS) expect(sentence(event(action, { details }))).toMatch(/^[aA].*[^}]$/);
  });
});

it('worries about what may be somebody else', () => {
  expect(ACTIONS.filter((action) => isWorrying(event(action)))).toEqual([
    'login_failed',
    'refresh_token_reused',
  ]);
});
