export interface Tokens {
  access: string;
  refresh: string;
}

export interface TokenStore {
  read(): Tokens | null;
  write(tokens: Tokens | null): void;
}

const ACCESS = 'lumilio.token';
const REFRESH = 'lumilio.refreshToken';

/** localStorage, because the desktop window keeps it and every tab shares it. */
export const storedTokens: TokenStore = {
  read() {
    const access = localStorage.getItem(ACCESS);
    const refresh = localStorage.getItem(REFRESH);
    return access && refresh ? { access, refresh } : null;
  },
  write(tokens) {
    if (tokens) {
      localStorage.setItem(ACCESS, tokens.access);
      localStorage.setItem(REFRESH, tokens.refresh);
    } else {
      localStorage.removeItem(ACCESS);
      localStorage.removeItem(REFRESH);
    }
  },
};
