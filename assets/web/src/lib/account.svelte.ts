import { get, patch, post, remove } from '../api/client';
import type { MfaStatus, Passkey, SignIn, TotpSetup } from '../api/types';
import { makePasskey } from './passkeys';

/** How one's own account is protected, while its page is open. */
export class Account {
  mfa = $state.raw<MfaStatus | null>(null);
  passkeys = $state.raw<Passkey[]>([]);
  sessions = $state.raw<SignIn[]>([]);
  error = $state.raw<unknown>(null);

  async load(): Promise<void> {
    this.error = null;
    try {
      await Promise.all([this.loadFactors(), this.loadSessions()]);
    } catch (error) {
      this.error = error;
    }
  }

  beginApp(): Promise<TotpSetup> {
    return post('/api/v1/auth/mfa/totp/setup');
  }

  /** Turns the authenticator app on; answers the recovery codes. */
  async enableApp(setupToken: string, code: string): Promise<string[]> {
    const answer = await post('/api/v1/auth/mfa/totp/enable', { body: { setup_token: setupToken, code } });
    this.mfa = answer.status;
    return answer.recovery_codes;
  }

  async disableApp(password: string): Promise<void> {
    await post('/api/v1/auth/mfa/totp/disable', { body: { current_password: password } });
    await this.loadFactors();
  }

  async replaceCodes(password: string): Promise<string[]> {
    const answer = await post('/api/v1/auth/mfa/recovery-codes/regenerate', {
      body: { current_password: password },
    });
    this.mfa = answer.status;
    return answer.recovery_codes;
  }

  async addPasskey(): Promise<Passkey> {
    const asked = await post('/api/v1/auth/mfa/passkeys/options');
    const passkey = await post('/api/v1/auth/mfa/passkeys/verify', { body: await makePasskey(asked) });
    await this.loadFactors();
    return passkey;
  }

  async renamePasskey(id: number, label: string): Promise<void> {
    await patch('/api/v1/auth/mfa/passkeys/{id}', { path: { id: String(id) }, body: { label } });
    await this.loadFactors();
  }

  async removePasskey(id: number): Promise<void> {
    await remove('/api/v1/auth/mfa/passkeys/{id}', { path: { id: String(id) } });
    await this.loadFactors();
  }

  async endSession(id: number): Promise<void> {
    await remove('/api/v1/auth/sessions/{id}', { path: { id: String(id) } });
    await this.loadSessions();
  }

  async endOtherSessions(): Promise<void> {
    await remove('/api/v1/auth/sessions');
    await this.loadSessions();
  }

  private async loadFactors(): Promise<void> {
    const [mfa, { credentials }] = await Promise.all([
      get('/api/v1/auth/mfa'),
      get('/api/v1/auth/mfa/passkeys'),
    ]);
    this.mfa = mfa;
    this.passkeys = credentials;
  }

  private async loadSessions(): Promise<void> {
    this.sessions = (await get('/api/v1/auth/sessions')).sessions;
  }
}
