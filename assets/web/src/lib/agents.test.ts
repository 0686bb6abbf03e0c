import { describe, expect, it } from 'vitest';
import { deviceName, isHandheld } from './agents';

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const AGENTS: [agent: string, name: string][] = [
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0', 'Firefox on Windows'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0',
    'Edge on Windows',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36', 'Chrome on Linux'],
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.5 Safari/605.1.15`, 'Safari on Mac'],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
    'Safari on iPhone',
  ],
  ['Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile', 'Chrome on Android'],
  ['python-httpx2/1.0', 'python-httpx2'],
  ['', 'Unknown device'],
];

describe('deviceName', () => {
  it.each(AGENTS)('reads %s', (agent, name) => {
    expect(deviceName(agent)).toBe(name);
  });
});

describe('isHandheld', () => {
  it('knows telephones from computers', () => {
    expect(AGENTS.filter(([agent]) => isHandheld(agent)).map(([, name]) => name)).toEqual([
      'Safari on iPhone',
      'Chrome on Android',
    ]);
  });
});
