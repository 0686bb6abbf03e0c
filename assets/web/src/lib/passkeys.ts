import type { components } from '../api/schema';
import { t } from '../i18n';

type Schemas = components['schemas'];
type Challenge = Schemas['PasskeyChallenge'];
type Answer = Schemas['PasskeyVerifyRequest'];

/** Browsers bind passkeys to a name, so there are none at a bare address or without a secure connection. */
export function passkeysPossible(): boolean {
  return (
    window.isSecureContext &&
    !isAddress(location.hostname) &&
    typeof PublicKeyCredential !== 'undefined' &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'
  );
}

export function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

/** Asks the authenticator to sign in with a passkey. */
export async function askPasskey({ options, challenge_token }: Challenge): Promise<Answer> {
  const json = options.publicKey as unknown as PublicKeyCredentialRequestOptionsJSON;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return answered(challenge_token, await navigator.credentials.get({ publicKey }));
}

/** Asks the authenticator for a new passkey. */
export async function makePasskey({ options, challenge_token }: Challenge): Promise<Answer> {
  const json = options.publicKey as unknown as PublicKeyCredentialCreationOptionsJSON;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return answered(challenge_token, await navigator.credentials.create({ publicKey }));
}

function answered(challengeToken: string, credential: Credential | null): Answer {
  const made = credential as PublicKeyCredential;
  return { challenge_token: challengeToken, credential: made.toJSON() as Schemas['PasskeyCredential'] };
}

/** What to say when the browser itself refused; null when it was something else. */
export function passkeyRefusal(error: unknown): string | null {
  if (!(error instanceof DOMException)) return null;
  return t(error.name === 'InvalidStateError' ? 'passkey.known' : 'passkey.cancelled');
}
