import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onClientEvent, openStream } from './client';
import { ApiError, OfflineError } from './errors';

const URL = '/api/v1/events';
const signal = new AbortController().signal;

describe('openStream', () => {
  const held = new Map<string, string>();
  const fetched = vi.fn<typeof fetch>();

  beforeEach(() => {
    held.clear();
    held.set('lumilio.token', 'old').set('lumilio.csrfToken', 'c1');
    fetched.mockReset();
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => held.get(key) ?? null,
      setItem: (key: string, value: string) => void held.set(key, value),
      removeItem: (key: string) => void held.delete(key),
    });
  });

  afterEach(() => vi.unstubAllGlobals());

  function headers(call: number): Record<string, string> {
    return fetched.mock.calls[call]![1]!.headers as Record<string, string>;
  }

  it('asks for events as the signed-in person', async () => {
    const answer = new Response('');
    fetched.mockResolvedValueOnce(answer);
    expect(await openStream(URL, signal)).toBe(answer);
    expect(headers(0)).toEqual({ Accept: 'text/event-stream', Authorization: 'Bearer old' });
    expect(fetched.mock.calls[0]![1]!.signal).toBe(signal);
  });

  it('gets a fresh token when the old one has expired', async () => {
    const answer = new Response('');
    fetched
      .mockResolvedValueOnce(new Response('', { status: 401 }))
      .mockResolvedValueOnce(Response.json({ token: 'new', csrf_token: 'c2', user: {} }))
      .mockResolvedValueOnce(answer);
    expect(await openStream(URL, signal)).toBe(answer);
    expect(headers(2).Authorization).toBe('Bearer new');
    expect(headers(1)['X-CSRF-Token']).toBe('c1');
    expect(held.get('lumilio.csrfToken')).toBe('c2');
  });

  it('does not take a refused password for a refused token', async () => {
    const headers = { 'www-authenticate': 'Bearer' };
    fetched.mockResolvedValueOnce(new Response('{}', { status: 401, headers }));
    await expect(openStream(URL, signal)).rejects.toMatchObject({ status: 401 });
    expect(fetched).toHaveBeenCalledTimes(1);
    expect(held.get('lumilio.token')).toBe('old');
  });

  it('signs out when the session is over', async () => {
    const heard = vi.fn();
    const stop = onClientEvent(heard);
    fetched.mockImplementation(async () => new Response('{}', { status: 401 }));
    await expect(openStream(URL, signal)).rejects.toBeInstanceOf(ApiError);
    expect(heard).toHaveBeenCalledWith('signed-out');
    expect(held.size).toBe(0);
    stop();
  });

  it('tells a server without events from one that fails or is away', async () => {
    fetched.mockResolvedValueOnce(new Response('', { status: 404 }));
    expect(await openStream(URL, signal)).toBeNull();
    fetched.mockResolvedValueOnce(new Response('', { status: 503 }));
    await expect(openStream(URL, signal)).rejects.toMatchObject({ status: 503 });
    fetched.mockRejectedValueOnce(new TypeError('refused'));
    await expect(openStream(URL, signal)).rejects.toBeInstanceOf(OfflineError);
  });
});
