const USERNAME = /^[a-z](?:[._-]?[a-z0-9])*$/;

export function usernameOk(name: string): boolean {
  return name.length >= 3 && name.length <= 32 && USERNAME.test(name);
}

export type PasswordRule = 'length' | 'lower' | 'upper' | 'digit';

/** The server counts bytes, so a letter with an accent counts twice. */
export function passwordRules(password: string): Record<PasswordRule, boolean> {
  const bytes = new TextEncoder().encode(password).length;
  return {
    length: bytes >= 10 && bytes <= 72,
    lower: /\p{Ll}/u.test(password),
    upper: /\p{Lu}/u.test(password),
    digit: /\d/.test(password),
  };
}

export function passwordOk(password: string): boolean {
  return Object.values(passwordRules(password)).every(Boolean);
}
