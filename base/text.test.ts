import { describe, expect, it } from 'vitest';
import { charactersOf, initialsOf, withoutBidi } from './text.ts';

describe('charactersOf', () => {
  it.each([
    ['abc', 3],
    ['', 0],
    ['e\u0301', 1],
    ['👩‍🚀', 1],
    ['🇩🇪🇫🇷', 2],
  ])('finds in %s as many as a reader', (text, count) => {
    expect(charactersOf(text)).toHaveLength(count);
    expect(charactersOf(text).join('')).toBe(text);
  });
});

describe('initialsOf', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['  Jean-Luc  de la Tour ', 'JT'],
    ['', '?'],
    [' \u202e ', '?'],
    ['👩‍🚀 x', '👩‍🚀X'],
    ['e\u0301va', 'E\u0301'],
    ['\u202eEve Mallory', 'EM'],
    ['ße', 'SS'],
  ])('of %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});

it('withoutBidi takes out what turns the direction, and nothing else', () => {
  expect(withoutBidi('\u2067a\u202eb\u200f אב\u2069')).toBe('ab אב');
});
