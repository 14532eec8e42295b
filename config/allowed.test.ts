import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allowedBy } from './allowed.ts';
import { settings } from './load.ts';

describe('allowedBy', () => {
  it.each([
    [z.int().min(1).max(64).default(2), 'a whole number from 1 to 64'],
    [z.int().positive(), 'a whole number of at least 1'],
    [z.int(), 'a whole number'],
    [z.number().positive(), 'a number above 0'],
    [z.number().positive().max(30), 'a number above 0, at most 30'],
    [z.number().max(30), 'a number of at most 30'],
    [z.boolean().default(false), 'true or false'],
    [z.string().optional(), 'text'],
    [z.string().min(16).optional(), 'text of at least 16 characters'],
    [z.string().min(2).max(40), 'text of 2 to 40 characters'],
    [z.enum(['a', 'b']).default('a'), 'one of a, b'],
    [z.array(z.enum(['a', 'b'])).min(1), 'a list that is not empty, each one of a, b'],
    [
      z.array(z.int().min(1).max(2)).max(5),
      'a list of 0 to 5 items, each a whole number from 1 to 2',
    ],
  ])('says of schema %#: %2$s', (schema, words) => {
    expect(allowedBy(schema)).toBe(words);
  });

  it('has words for every setting', () => {
    for (const { schema, meta } of settings()) {
      expect([meta.env, allowedBy(schema)]).toEqual([meta.env, expect.any(String)]);
    }
  });
});
