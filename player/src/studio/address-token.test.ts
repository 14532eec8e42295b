import { expect, it } from 'vitest';
import { splitToken } from './address-token.ts';

it.each([
  ['', { token: undefined, rest: '' }],
  ['#connect', { token: undefined, rest: '#connect' }],
  ['#token=abc', { token: 'abc', rest: '' }],
  ['#token=a%2Bb', { token: 'a+b', rest: '' }],
  ['#tab=health&token=abc', { token: 'abc', rest: '#tab=health' }],
  ['#token=', { token: undefined, rest: '' }],
])('splitToken(%j) leaves no token in the rest', (hash, result) => {
  expect(splitToken(hash)).toEqual(result);
});
