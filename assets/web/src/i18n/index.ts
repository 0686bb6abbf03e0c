import { en } from './en';

export type MessageKey = keyof typeof en;
type Params = Record<string, string | number>;

/** The text for a key with `{name}` places filled in. Another language is another catalogue of the same keys. */
export function t(key: MessageKey, params?: Params): string {
  const text: string = en[key];
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text;
}

type PluralBase = {
  [K in MessageKey]: K extends `${infer Base}_other` ? Base : never;
}[MessageKey];

const plural = new Intl.PluralRules('en');
const numbers = new Intl.NumberFormat('en');

export function tn(base: PluralBase, count: number, params?: Params): string {
  const wanted = `${base}_${plural.select(count)}`;
  const key = (wanted in en ? wanted : `${base}_other`) as MessageKey;
  return t(key, { count: numbers.format(count), ...params });
}

export const language = 'en';
