import { expect, it } from 'vitest';
import { addressForOthers } from './hosts';

const LAN = ['http://192.168.1.5:6680', 'http://10.0.0.5:6680'];

it.each([
  ['http://localhost:6680/users', LAN, 'http://192.168.1.5:6680'],
  ['http://127.0.0.1:6680/users', LAN, 'http://192.168.1.5:6680'],
  ['http://[::1]:6680/users', LAN, 'http://192.168.1.5:6680'],
  ['http://localhost:6680/users', [], 'http://localhost:6680'],
  ['https://photos.example/users', LAN, 'https://photos.example'],
  ['http://10.0.0.5:6680/users', LAN, 'http://10.0.0.5:6680'],
])('%s', (page, urls, address) => expect(addressForOthers(new URL(page), urls)).toBe(address));
