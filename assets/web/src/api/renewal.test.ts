import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IN_COOKIE, sendAsSession, type Send } from './renewal';

const tokens = { access: 'a', csrf: 'c1' };

describe('sendAsSession', () => {
  const held = new Map<string, string>();
  const send = vi.fn<Send>();

  beforeEach(() => {
    held.clear();
    send.mockReset();
    vi.stubGlobal('localStorage', { getItem: (key: string) => held.get(key) ?? null });
  });

  afterEach(() => vi.unstubAllGlobals());

  it('proves itself with the token that goes with the cookie', async () => {
    const answer = new Response('{}');
    send.mockResolvedValueOnce(answer);
    expect(await sendAsSession(send, 'refresh', tokens)).toBe(answer);
    expect(send.mock.calls).toEqual([['POST', 'refresh', { 'X-CSRF-Token': 'c1' }]]);
  });

  it('moves a sign-in of an older version into the cookie', async () => {
    held.set('lumilio.refreshToken', 'r1');
    send.mockResolvedValueOnce(new Response('{}'));
    await sendAsSession(send, 'refresh', tokens);
    expect(send).toHaveBeenCalledExactlyOnceWith('POST', 'refresh', IN_COOKIE, '{"refreshToken":"r1"}');
  });

  it('asks for the token when that of another session is wanted', async () => {
    const answer = new Response('{}');
    send
      .mockResolvedValueOnce(new Response('{}', { status: 403 }))
      .mockResolvedValueOnce(Response.json({ csrf_token: 'c2' }))
      .mockResolvedValueOnce(answer);
    expect(await sendAsSession(send, 'logout', tokens)).toBe(answer);
    expect(send).toHaveBeenLastCalledWith('POST', 'logout', { 'X-CSRF-Token': 'c2' });
  });

  it('is over without a cookie', async () => {
    send
      .mockResolvedValueOnce(new Response('{}', { status: 403 }))
      .mockResolvedValueOnce(new Response('{}', { status: 401 }));
    expect((await sendAsSession(send, 'refresh', tokens)).status).toBe(401);
  });
});
