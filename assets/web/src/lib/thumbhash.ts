import { thumbHashToDataURL } from 'thumbhash';

const LIMIT = 2000;
const cache = new Map<string, string>();

export function decodeBase64(text: string): Uint8Array {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** A tiny picture as data URL, or null when the hash is missing or broken; a placeholder may never fail a page. */
export function placeholder(hash: string | null | undefined): string | null {
  if (!hash) return null;
  const known = cache.get(hash);
  if (known !== undefined) return known || null;
  let url = '';
  try {
    const bytes = decodeBase64(hash);
    if (bytes.length >= 5) url = thumbHashToDataURL(bytes);
  } catch {
    url = '';
  }
  if (cache.size >= LIMIT) cache.delete(cache.keys().next().value!);
  cache.set(hash, url);
  return url || null;
}
