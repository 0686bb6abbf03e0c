import { describe, expect, it } from 'vitest';
import { queueName } from './queues';

describe('queueName', () => {
  it('speaks plainly of what it knows and readably of what it does not', () => {
    expect(queueName('scan_repository')).toBe('Scanning folders');
    expect(queueName('fold_origami-cranes')).toBe('Fold origami cranes');
  });
});
