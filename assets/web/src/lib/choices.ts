import { t, type MessageKey } from '../i18n';

export const STRATEGIES = ['date', 'flat', 'cas'] as const;
export const HANDLINGS = ['rename', 'uuid', 'overwrite'] as const;

/** The ways to arrange files or to handle equal names, in words; `standard` is marked as recommended. */
export function choices(
  values: readonly string[],
  prefix: 'strategy' | 'duplicates',
  standard?: string,
): { value: string; title: string; text: string; note?: string }[] {
  return values.map((value) => ({
    value,
    title: t(`setup.${prefix}_${value}` as MessageKey),
    text: t(`setup.${prefix}_${value}_text` as MessageKey),
    note: value === standard ? t('setup.default') : undefined,
  }));
}
