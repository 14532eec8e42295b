import { describe, expect, it } from 'vitest';
import { type Measured, median, verdictOf } from './verdict.ts';

const GOOD = { way: 'udp', roundTripMs: 20, up: 3e6, down: 3e6, loss: 0 } as const;
const media = (change: Partial<NonNullable<Measured['media']>> = {}): Measured => ({
  httpMs: 20,
  media: { ...GOOD, ...change },
});

describe('verdictOf', () => {
  it.each([
    ['all well', media(), 'good', undefined],
    [
      'what was not measured',
      media({ up: undefined, down: undefined, loss: undefined }),
      'good',
      undefined,
    ],
    ['no answer at all', { httpMs: undefined, media: undefined }, 'bad', 'internet'],
    ['a refusal', { httpMs: 20, media: undefined, refusal: 'Too many.' }, 'fair', 'Too many'],
    ['no way for media', { httpMs: 20, media: undefined }, 'bad', 'firewall'],
    ['the rate at its bound', media({ up: 1_500_000 }), 'good', undefined],
    ['less than the bound', media({ up: 1_499_999 }), 'fair', 'small pictures'],
    ['a slow way back', media({ down: 349_999 }), 'bad', 'camera off'],
    ['next to nothing', media({ up: 59_999 }), 'bad', 'hardly'],
    ['some loss', media({ loss: 0.031 }), 'fair', 'stumble'],
    ['much loss', media({ loss: 0.11 }), 'bad', 'missing'],
    ['a long way', media({ roundTripMs: 251 }), 'fair', 'time to answer'],
    ['a very long way', media({ roundTripMs: 601 }), 'bad', 'talk at once'],
    ['TCP', media({ way: 'tcp' }), 'fair', 'UDP'],
    ['a relay', media({ way: 'relay' }), 'fair', 'relay'],
  ] as const)('%s', (_name, measured, level, word) => {
    const verdict = verdictOf(measured);
    expect(verdict.level).toBe(level);
    if (word === undefined) expect(verdict.advice).toEqual([]);
    else expect(verdict.advice.join(' ')).toContain(word);
  });
});

it('median is the middle one', () => {
  expect(median([30, 10, 20])).toBe(20);
  expect(median([])).toBeUndefined();
});
