import { ApiError, errorFrom, OfflineError } from './errors';
import { Refresher } from './refresh';
import { IN_COOKIE, sendAsSession, type Send } from './renewal';
import { storedTokens, type Tokens } from './tokens';
import type { Answer, AuthSession, Method, PathFor, Payload } from './types';

export interface CallOptions<B> {
  path?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: B;
  signal?: AbortSignal;
  /** Public calls carry no token, so that a stale one can never matter; those that sign in set a cookie. */
  anonymous?: boolean;
}

type Listener = (event: 'offline' | 'signed-out') => void;
const listeners = new Set<Listener>();

export function onClientEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function emit(event: 'offline' | 'signed-out'): void {
  for (const listener of listeners) listener(event);
}

/** For requests that go other ways: the server could not be reached. */
export function noteOffline(): void {
  emit('offline');
}

export function tokensOf(session: AuthSession): Tokens | null {
  return session.token && session.csrf_token ? { access: session.token, csrf: session.csrf_token } : null;
}

const sendAuth: Send = (method, operation, headers, body) =>
  send(method, `/api/v1/auth/${operation}`, body, null, undefined, headers);

const refresher = new Refresher(storedTokens, async (tokens) => {
  const response = await sendAsSession(sendAuth, 'refresh', tokens);
  if (response.ok) return tokensOf((await response.json()) as AuthSession);
  if (response.status >= 500) throw errorFrom(response.status, await response.text());
  return null;
});

/** Ends a session on the server; it lapses by itself where that fails. */
export async function endSession(tokens: Tokens): Promise<void> {
  await sendAsSession(sendAuth, 'logout', tokens);
}

/** After a 401: a usable access token, or null after which the user is signed out. */
export async function renewAccess(failed: string): Promise<string | null> {
  const tokens = await refresher.refresh(failed);
  if (!tokens) emit('signed-out');
  return tokens?.access ?? null;
}

async function send(
  method: string,
  url: string,
  body: string | undefined,
  access: string | null,
  signal?: AbortSignal,
  more: Record<string, string> = {},
): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...more };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (access) headers.Authorization = `Bearer ${access}`;
  try {
    return await fetch(url, { method, headers, body, signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    emit('offline');
    throw new OfflineError();
  }
}

function urlOf(path: string, options: CallOptions<unknown>): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(options.path?.[name] ?? ''),
  );
  const query = new URLSearchParams(
    Object.entries(options.query ?? {}).map(([key, value]) => [key, String(value)]),
  ).toString();
  return query ? `${filled}?${query}` : filled;
}

/** A wrong password is a 401, too; a new token would not help it, and a second try would count as one. */
function refusesToken(response: Response): boolean {
  return response.headers.get('www-authenticate')?.includes('invalid_token') ?? true;
}

/** Sends with the stored token, and once more with a new one when that is refused. */
async function sendSigned(
  transfer: (access: string | null) => Promise<Response>,
  anonymous = false,
): Promise<Response> {
  const access = anonymous ? null : (storedTokens.read()?.access ?? null);
  const response = await transfer(access);
  if (response.status !== 401 || !access || !refusesToken(response)) return response;
  const renewed = await renewAccess(access);
  return renewed ? transfer(renewed) : response;
}

/** Server-sent events of an address; null when there are none at it. Raises as the other calls do. */
export async function openStream(url: string, signal: AbortSignal): Promise<Response | null> {
  const response = await sendSigned((access) =>
    send('GET', url, undefined, access, signal, { Accept: 'text/event-stream' }),
  );
  if (response.status === 404) return null;
  if (!response.ok) throw errorFrom(response.status, await response.text());
  return response;
}

function secondsToWait(response: Response): number | undefined {
  return Number(response.headers.get('retry-after')) || undefined;
}

/** A file that the server makes when asked, with a body where that says what; raises as the other calls do. */
export async function fetchFile(url: string, signal?: AbortSignal, body?: unknown): Promise<Blob> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await sendSigned((access) =>
    send(text === undefined ? 'GET' : 'POST', url, text, access, signal, { Accept: '*/*' }),
  );
  if (!response.ok) throw errorFrom(response.status, await response.text());
  return response.blob();
}

async function call<R>(method: string, path: string, options: CallOptions<unknown>): Promise<R> {
  const url = urlOf(path, options);
  // Text rather than a Request object: a retry after a renewal can send it again.
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const response = await sendSigned(
    (access) => send(method, url, body, access, options.signal, options.anonymous ? IN_COOKIE : {}),
    options.anonymous,
  );
  const text = await response.text();
  if (!response.ok) throw errorFrom(response.status, text, secondsToWait(response));
  try {
    return (text ? JSON.parse(text) : {}) as R;
  } catch {
    throw new ApiError(response.status, '', 'not JSON');
  }
}

export function get<P extends PathFor<'get'>>(
  path: P,
  options: CallOptions<never> = {},
): Promise<Answer<P, 'get'>> {
  return call('GET', path, options);
}

export function post<P extends PathFor<'post'>>(
  path: P,
  options: CallOptions<Payload<P, 'post' & Method>> = {},
): Promise<Answer<P, 'post'>> {
  return call('POST', path, options);
}

export function put<P extends PathFor<'put'>>(
  path: P,
  options: CallOptions<Payload<P, 'put' & Method>> = {},
): Promise<Answer<P, 'put'>> {
  return call('PUT', path, options);
}

export function patch<P extends PathFor<'patch'>>(
  path: P,
  options: CallOptions<Payload<P, 'patch' & Method>> = {},
): Promise<Answer<P, 'patch'>> {
  return call('PATCH', path, options);
}

/** Named so because `delete` is a word of the language. */
export function remove<P extends PathFor<'delete'>>(
  path: P,
  options: CallOptions<Payload<P, 'delete' & Method>> = {},
): Promise<Answer<P, 'delete'>> {
  return call('DELETE', path, options);
}
