import { oldRefreshToken, type Tokens } from './tokens';

/** Sends to an operation of sessions; with a body as JSON. */
export type Send = (
  method: 'GET' | 'POST',
  operation: 'csrf' | 'logout' | 'refresh',
  headers: Record<string, string>,
  body?: string,
) => Promise<Response>;

/** Asks for the refresh token in a cookie; see `X-Session-Transport` in the API. */
export const IN_COOKIE = { 'X-Session-Transport': 'cookie' };

/** What a page needs to act for the session that its cookie holds. */
export async function sendAsSession(
  send: Send,
  operation: 'logout' | 'refresh',
  tokens: Tokens,
): Promise<Response> {
  const old = oldRefreshToken();
  if (old) return send('POST', operation, IN_COOKIE, JSON.stringify({ refreshToken: old }));
  const answer = await send('POST', operation, { 'X-CSRF-Token': tokens.csrf });
  if (answer.status !== 403) return answer;
  // Another tab may have signed in anew, so the cookie is that of another session by now.
  const asked = await send('GET', 'csrf', {});
  if (!asked.ok) return asked;
  const { csrf_token } = (await asked.json()) as { csrf_token: string };
  return send('POST', operation, { 'X-CSRF-Token': csrf_token });
}
