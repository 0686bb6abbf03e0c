import { t } from '../i18n';

/** In this order, because most browsers also claim to be the ones below them. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/\S+.*\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/** What a device calls itself, in plain words: "Firefox on Windows". */
export function deviceName(agent: string): string {
  const browser = first(BROWSERS, agent);
  const system = first(SYSTEMS, agent);
  if (browser && system) return t('account.device', { browser, system });
  // Programs name themselves first: "python-httpx2/1.0".
  const program = /^([\w.-]+)\//.exec(agent)?.[1];
  return browser ?? system ?? program ?? t('account.device_unknown');
}

/** Whether it is one that is held in the hand. */
export function isHandheld(agent: string): boolean {
  return /\b(?:iPhone|iPad|Android|Mobile)\b/.test(agent);
}

function first(list: typeof BROWSERS, agent: string): string | undefined {
  return list.find(([pattern]) => pattern.test(agent))?.[1];
}
