export interface Tokens {
  access: string;
  /** Goes with the cookie that holds the refresh token, which no script can read. */
  csrf: string;
}

export interface TokenStore {
  read(): Tokens | null;
  write(tokens: Tokens | null): void;
}

const ACCESS = 'lumilio.token';
const CSRF = 'lumilio.csrfToken';
/** Of versions that had no cookie; it moves into one at the next renewal. */
const OLD_REFRESH = 'lumilio.refreshToken';

/** localStorage, because the desktop window keeps it and every tab shares it. */
export const storedTokens: TokenStore = {
  read() {
    const access = localStorage.getItem(ACCESS);
    return access ? { access, csrf: localStorage.getItem(CSRF) ?? '' } : null;
  },
  write(tokens) {
    localStorage.removeItem(OLD_REFRESH);
    if (tokens) {
      localStorage.setItem(ACCESS, tokens.access);
      localStorage.setItem(CSRF, tokens.csrf);
    } else {
      localStorage.removeItem(ACCESS);
      localStorage.removeItem(CSRF);
    }
  },
};

export function oldRefreshToken(): string | null {
  return localStorage.getItem(OLD_REFRESH);
}
