import { describe, expect, it } from 'vitest';
import { exportName, exportQuery, storedChoice } from './export';

describe('an export', () => {
  it('asks for what was chosen and nothing else', () => {
    const choice = { format: 'webp', quality: 70, edge: 1920, without_location: true } as const;
    const all = 'format=webp&quality=70&max_width=1920&strip_location=true';
    expect(exportQuery(choice, false)).toBe(all);
    expect(exportQuery(choice, true)).toBe(`${all}&apply_edits=true`);
    const bare = { ...choice, format: 'png', edge: 0, without_location: false } as const;
    expect(exportQuery(bare, false)).toBe('format=png');
  });

  it('is named after the original', () => {
    expect(exportName('IMG_1.heic', 'jpeg')).toBe('IMG_1.jpg');
    expect(exportName('a.b.CR2', 'avif')).toBe('a.b.avif');
    expect(exportName('.jpg', 'png')).toBe('.jpg.png');
  });

  it('remembers only what makes sense', () => {
    const choice = { format: 'avif', quality: 55, edge: 1280, without_location: true };
    expect(storedChoice(JSON.stringify(choice))).toEqual(choice);
    const usual = { format: 'jpeg', quality: 85, edge: 0, without_location: false };
    for (const text of [null, '', '{', '{"format":"bmp","quality":5,"edge":0}', '{"format":"png","edge":7}'])
      expect(storedChoice(text)).toEqual(usual);
    expect(storedChoice('{"format":"webp","edge":0,"quality":0}')).toEqual(usual);
  });
});
