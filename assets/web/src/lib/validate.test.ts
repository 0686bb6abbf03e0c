import { describe, expect, it } from 'vitest';
import { matchRoute } from './routes';
import { passwordOk, passwordRules, usernameOk } from './validate';

describe('user names', () => {
  it.each(['ada', 'ada.l', 'a-b_c.d', 'x9y', 'a'.repeat(32)])('accepts %s', (name) => {
    expect(usernameOk(name)).toBe(true);
  });
  it.each(['ab', '9ab', 'Ada', 'ada.', 'a..b', 'a b c', 'a'.repeat(33), ''])('refuses "%s"', (name) => {
    expect(usernameOk(name)).toBe(false);
  });
});

describe('passwords', () => {
  it('wants length in bytes and three kinds of characters', () => {
    expect(passwordOk('Sunrise2031')).toBe(true);
    expect(passwordRules('short1A')).toEqual({ length: false, lower: true, upper: true, digit: true });
    expect(passwordRules('ä'.repeat(36) + 'A1').length).toBe(false);
    expect(passwordOk('alllowercase1')).toBe(false);
  });
});

describe('matchRoute', () => {
  it('knows the pages', () => {
    expect(matchRoute('/').page).toBe('photos');
    expect(matchRoute('/photos')).toEqual({ page: 'photos', params: {} });
    expect(matchRoute('/photos/abc-1')).toEqual({ page: 'photos', params: { id: 'abc-1' } });
    expect(matchRoute('/photos/')).toEqual({ page: 'photos', params: {} });
    expect(matchRoute('/settings').page).toBe('settings');
    expect(matchRoute('/setup').page).toBe('setup');
  });
  it('sends everything else to the 404 page', () => {
    expect(matchRoute('/nothing').page).toBe('notfound');
    expect(matchRoute('/photos/a/b').page).toBe('notfound');
    expect(matchRoute('/%E0%A4%A').page).toBe('notfound');
  });
});
