import { endSession, get, onClientEvent, patch, post, tokensOf } from '../api/client';
import { ApiError } from '../api/errors';
import { media } from '../api/media.svelte';
import { storedTokens } from '../api/tokens';
import type { AuthSession, User } from '../api/types';
import type { MessageKey } from '../i18n';
import { askPasskey } from './passkeys';
import { router } from './router.svelte';

type Hook = () => void;

/** Who is signed in. Stores with private data register with `onSignOut` to forget it. */
class Session {
  user = $state.raw<User | null>(null);
  isAdmin = $derived(this.user?.role === 'admin');
  /** What the sign-in page tells whoever was led there. */
  notice = $state<MessageKey | null>(null);
  /** The one-time password just signed in with, so that its owner need not type it twice. */
  oneTimePassword = '';
  private hooks: Hook[] = [];
  private ending: Promise<void> = Promise.resolve();

  constructor() {
    onClientEvent((event) => {
      if (event === 'signed-out') this.forget();
    });
    addEventListener('storage', () => {
      if (this.user && !storedTokens.read()) this.forget();
    });
  }

  get hasTokens(): boolean {
    return storedTokens.read() !== null;
  }

  onSignOut(hook: Hook): void {
    this.hooks.push(hook);
  }

  /** Takes the stored session up again; false when there is none or it is over. */
  async resume(): Promise<boolean> {
    if (!this.hasTokens) return false;
    try {
      this.user = await get('/api/v1/auth/me');
      await media.ensure();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error;
      this.forget();
      return false;
    }
  }

  signIn(username: string, password: string): Promise<AuthSession> {
    return this.begin(async () => {
      const answer = await post('/api/v1/auth/login', { body: { username, password }, anonymous: true });
      if (answer.user.must_change_password) this.oneTimePassword = password;
      return answer;
    });
  }

  /** The second step of a sign-in. */
  finishSignIn(mfaToken: string, method: 'totp' | 'recovery_code', code: string): Promise<AuthSession> {
    const body = { mfa_token: mfaToken, method, code };
    return this.begin(() => post('/api/v1/auth/mfa/verify', { body, anonymous: true }));
  }

  async signInWithPasskey(): Promise<AuthSession> {
    const asked = await post('/api/v1/auth/passkeys/login/options', { body: {}, anonymous: true });
    const body = await askPasskey(asked);
    return this.begin(() => post('/api/v1/auth/passkeys/login/verify', { body, anonymous: true }));
  }

  /** What is absent stays; an empty text clears. */
  async changeProfile(body: { display_name?: string; avatar_asset_id?: string }): Promise<void> {
    this.user = await patch('/api/v1/users/me/profile', { body });
  }

  /** Ends all sessions of the account, this one too, so its owner signs in again. */
  async changePassword(current: string, wanted: string): Promise<void> {
    await patch('/api/v1/users/me/password', { body: { current_password: current, new_password: wanted } });
    this.forget();
    this.notice = 'login.password_changed';
    router.go('/login');
  }

  /** `needed` is what the server asks for here; the rest stays empty. */
  register(
    username: string,
    password: string,
    needed: { invite_token: string; setup_code: string },
  ): Promise<AuthSession> {
    const body = { username, password, ...needed };
    return this.begin(() => post('/api/v1/auth/register/start', { body, anonymous: true }));
  }

  async signOut(): Promise<void> {
    const tokens = storedTokens.read();
    // Whatever comes of it, one is signed out here; the session lapses by itself.
    if (tokens) this.ending = endSession(tokens).catch(() => undefined);
    this.forget();
    // Whoever signs in next starts afresh, not on the page left here.
    router.go('/login');
    await this.ending;
  }

  private async begin(ask: () => Promise<AuthSession>): Promise<AuthSession> {
    // Its answer takes the cookie away, which must not be that of the next session.
    await this.ending;
    const session = await ask();
    const tokens = tokensOf(session);
    if (tokens) {
      storedTokens.write(tokens);
      await media.ensure();
      this.notice = null;
      this.user = session.user;
    }
    return session;
  }

  private forget(): void {
    storedTokens.write(null);
    media.clear();
    this.user = null;
    this.oneTimePassword = '';
    for (const hook of this.hooks) hook();
  }
}

export const session = new Session();
