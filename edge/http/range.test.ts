import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesEtag, parseRange, rangeOf, sliceBody } from './range.ts';

describe('matchesEtag', () => {
  it.each<[string | undefined, string, boolean]>([
    [undefined, '"a"', false],
    ['"a"', '"a"', true],
    ['"b"', '"a"', false],
    ['"b", "a"', '"a"', true],
    ['"b","a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['*', '"a"', true],
    [' * ', '"a"', true],
    ['a', '"a"', false],
    ['', '"a"', false],
  ])('%j against %j: %j', (header, etag, expected) => {
    expect(matchesEtag(header, etag)).toBe(expected);
  });
});

describe('parseRange', () => {
  it.each<[string | undefined, ReturnType<typeof parseRange>]>([
    [undefined, undefined],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-99', { start: 0, end: 100 }],
    ['bytes=0-100', { start: 0, end: 100 }],
    ['bytes=99-', { start: 99, end: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=100-200', 'unsatisfiable'],
    ['bytes=-1', { start: 99, end: 100 }],
    ['bytes=-500', { start: 0, end: 100 }],
    ['bytes=-0', 'unsatisfiable'],
    // What is not valid, or more than one range, is as if it were not there (14.2).
    ['bytes=5-4', undefined],
    ['bytes=-', undefined],
    ['bytes=', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes= 0-1', undefined],
    ['bytes=0x1-2', undefined],
    ['items=0-1', undefined],
    ['bytes=9999999999999999-', undefined],
  ])('%j of 100 bytes: %j', (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });
});

describe('rangeOf', () => {
  const range = 'bytes=1-2';
  it.each<[string, string | undefined, string, boolean]>([
    ['without a condition', undefined, '"a"', true],
    ['for the same representation', '"a"', '"a"', true],
    ['for another', '"b"', '"a"', false],
    ['for a weak etag, which never holds', 'W/"a"', 'W/"a"', false],
    ['for a date', 'Wed, 21 Oct 2015 07:28:00 GMT', '"a"', false],
  ])('%s', (_, ifRange, etag, holds) => {
    const found = rangeOf({ range, ifRange }, { etag, size: 10 });
    expect(found).toEqual(holds ? { start: 1, end: 3 } : undefined);
  });
});

describe('sliceBody', () => {
  it('gives the bytes that one buffer would give, as views', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.nat(50), fc.nat(50), (body, a, b) => {
        const whole = Buffer.concat(body);
        const [start, end] = [Math.min(a, b, whole.length), Math.min(Math.max(a, b), whole.length)];
        const parts = sliceBody(body, { start, end });
        expect(Buffer.concat(parts)).toEqual(whole.subarray(start, end));
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(body.some(({ buffer }) => buffer === part.buffer)).toBe(true);
        }
      }),
    );
  });
});
