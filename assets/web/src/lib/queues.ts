import { t, type MessageKey } from '../i18n';
import { en } from '../i18n/en';

/** A queue in plain words; one that this client does not know keeps its own name, made readable. */
export function queueName(name: string): string {
  const key = `queue.${name}`;
  if (key in en) return t(key as MessageKey);
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
