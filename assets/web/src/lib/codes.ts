export const CODE_LENGTH = 6;

/** The digits of a code however it was typed or pasted: "123 456" is six of them. */
export function codeDigits(text: string): string {
  return text.replace(/\D/g, '').slice(0, CODE_LENGTH);
}

/** A secret in groups of four, as people read it off. */
export function inGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}
