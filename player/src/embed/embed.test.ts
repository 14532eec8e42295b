import { describe, expect, it } from 'vitest';
import { optionsOf } from './options.ts';
import { readCommand } from './protocol.ts';

describe('optionsOf', () => {
  it.each([
    ['', { autoplay: false, muted: false }],
    ['?autoplay', { autoplay: true, muted: false }],
    ['?autoplay=1&muted=true', { autoplay: true, muted: true }],
    ['?autoplay=0&muted=false', { autoplay: false, muted: false }],
  ])('%j', (search, options) => {
    expect(optionsOf(search)).toEqual(options);
  });
});

describe('readCommand', () => {
  it('knows its commands', () => {
    expect(readCommand({ amphi: 1, do: 'play' })).toBe('play');
    expect(readCommand({ amphi: 1, do: 'live' })).toBe('live');
  });

  it.each([
    undefined,
    null,
    'play',
    1,
    {},
    { do: 'play' },
    { amphi: 2, do: 'play' },
    { amphi: 1, do: 'explode' },
    { amphi: 1, do: 'toString' },
  ])('ignores %j', (data) => {
    expect(readCommand(data)).toBeUndefined();
  });
});
