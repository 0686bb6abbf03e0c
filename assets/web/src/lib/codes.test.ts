import { describe, expect, it } from 'vitest';
import { codeDigits, inGroups } from './codes';

describe('codeDigits', () => {
  it('takes codes however apps write them', () => {
    expect(codeDigits('123 456')).toBe('123456');
    expect(codeDigits(' 12-34')).toBe('1234');
    expect(codeDigits('1234567')).toBe('123456');
    expect(codeDigits('abc')).toBe('');
  });
});

describe('inGroups', () => {
  it('keeps every character, in fours', () => {
    expect(inGroups('ABCDEFGHIJ')).toBe('ABCD EFGH IJ');
    expect(inGroups('')).toBe('');
  });
});
