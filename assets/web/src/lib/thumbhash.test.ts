import { rgbaToThumbHash } from 'thumbhash';
import { describe, expect, it } from 'vitest';
import { decodeBase64, placeholder } from './thumbhash';

function hashOf(width: number, height: number): string {
  const rgba = new Uint8Array(width * height * 4).map((_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
  return btoa(String.fromCharCode(...rgbaToThumbHash(width, height, rgba)));
}

describe('placeholder', () => {
  it('turns a hash into a small PNG and remembers it', () => {
    const hash = hashOf(20, 12);
    const url = placeholder(hash);
    expect(url).toMatch(/^data:image\/png;base64,/);
    expect(placeholder(hash)).toBe(url);
  });

  it('shrugs at missing and broken hashes', () => {
    expect(placeholder(undefined)).toBeNull();
    expect(placeholder('')).toBeNull();
    expect(placeholder('%%%')).toBeNull();
    expect(placeholder('AA==')).toBeNull();
  });

  it('reads the URL-safe alphabet too', () => {
    expect([...decodeBase64('-_8=')]).toEqual([251, 255]);
  });
});
