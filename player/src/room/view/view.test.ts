import { describe, expect, it } from 'vitest';
import { piecesOf } from '../chat/links.ts';
import { hueOf } from './hue.ts';
import { type Focus, shortcutOf } from './shortcuts.ts';
import { endingWords, newsPrefix, routeText, unavailableWords } from './words.ts';

describe('piecesOf', () => {
  it.each([
    ['see https://a.example/x?y=1.', ['see ', '<https://a.example/x?y=1>', '.']],
    ['(https://a.example/b)', ['(', '<https://a.example/b>', ')']],
    ['https://a.example/b_(c)', ['<https://a.example/b_(c)>']],
    ['HTTP://A.EXAMPLE', ['<http://a.example/>']],
    ['javascript:alert(1)', ['javascript:alert(1)']],
    ['<img src=x onerror=alert(1)>', ['<img src=x onerror=alert(1)>']],
    ['https://', ['https://']],
    ['a.example', ['a.example']],
    ['https://a.example https://b.example', ['<https://a.example/>', ' ', '<https://b.example/>']],
  ])('of %s', (message, expected) => {
    const said = piecesOf(message).map(({ text, href }) =>
      href === undefined ? text : `<${href}>`,
    );
    expect(said).toEqual(expected);
    expect(
      piecesOf(message)
        .map(({ text }) => text)
        .join(''),
    ).toBe(message);
  });
});

it('hueOf gives a name its colour, always the same', () => {
  expect(hueOf('Ada')).toBe(hueOf('Ada'));
  expect(hueOf('Ada')).not.toBe(hueOf('Grace'));
});

describe('shortcutOf', () => {
  const press = (key: string, focus: Focus = 'page', change = {}) =>
    shortcutOf(
      { key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...change },
      focus,
      true,
    );

  it.each([
    ['m', 'microphone'],
    ['M', 'microphone'],
    ['v', 'camera'],
    ['?', 'help'],
    [' ', 'talk'],
    ['x', undefined],
  ] as const)('%s does %s', (key, shortcut) => {
    expect(press(key)).toBe(shortcut);
  });

  it('is none while somebody writes, holds a key down or means another program', () => {
    expect(press('m', 'text')).toBeUndefined();
    expect(press('m', 'control')).toBe('microphone');
    expect(press(' ', 'control')).toBeUndefined();
    expect(press('m', 'page', { repeat: true })).toBeUndefined();
    expect(press('s', 'page', { ctrlKey: true })).toBeUndefined();
    expect(press('c', 'page', { metaKey: true })).toBeUndefined();
  });
});

it('letters do nothing for who has turned them off; Space still talks', () => {
  const pressed = { ctrlKey: false, metaKey: false, altKey: false, repeat: false };
  expect(shortcutOf({ ...pressed, key: 'm' }, 'page', false)).toBeUndefined();
  expect(shortcutOf({ ...pressed, key: '?' }, 'page', false)).toBeUndefined();
  expect(shortcutOf({ ...pressed, key: ' ' }, 'page', false)).toBe('talk');
});

describe('words', () => {
  it('let those back in who may come back', () => {
    expect(endingWords({ why: 'left' }, 'Rehearsal')).toMatchObject({
      text: '“Rehearsal” goes on without you.',
      mayReturn: true,
    });
    expect(endingWords({ why: 'banned' }, undefined).mayReturn).toBe(false);
    expect(endingWords({ why: 'lost', text: 'why' }, undefined).text).toBe('why');
  });

  it.each([
    [{ why: 'ended' }, /^It has ended for everybody/],
    [{ why: 'ended', reason: 'host' }, /^The host has ended it/],
    [{ why: 'ended', reason: 'host-left' }, /^The host has left/],
    [{ why: 'ended', reason: 'deleted' }, /^The meeting was deleted/],
    [{ why: 'removed', message: 'Wrong room' }, /They say: “\u2068Wrong room\u2069”$/],
    [{ why: 'denied' }, /^The host did not let you in\.$/],
    [{ why: 'refused', code: 'meeting_locked', text: 'x' }, /^Nobody new comes in now/],
    [{ why: 'refused', code: 'too_many', text: 'Many wait already' }, /^Many wait already$/],
  ] as const)('say why: %j', (ending, text) => {
    expect(endingWords(ending, undefined).text).toMatch(text);
  });

  it.each([
    ['meeting_locked', true],
    ['meeting_full', true],
    ['too_many', true],
    ['banned', false],
  ])('let those who were refused for %s try again: %s', (code, mayReturn) => {
    expect(endingWords({ why: 'refused', code, text: '' }, undefined).mayReturn).toBe(mayReturn);
  });

  it.each([
    [1, 'room', 'Only you are in the room. Why'],
    [2, 'room', '2 people are in the room. Why'],
    [2, 'call', '2 people are in the call. Why'],
  ] as const)('say of %d in a %s which way media goes, and why', (people, place, text) => {
    expect(routeText({ peers: 'mesh', reason: 'Why' }, people, place)).toBe(text);
  });

  it.each([
    [0, ''],
    [2, '(2) '],
    [99, '(99) '],
    [100, '(99+) '],
  ])('count %d in the title', (count, prefix) => {
    expect(newsPrefix(count)).toBe(prefix);
  });

  it.each([
    [404, 'There is no such room'],
    [410, 'The meeting is over'],
    [0, 'The room cannot be reached'],
    [500, 'The room cannot be opened'],
  ])('for status %d', (status, title) => {
    expect(unavailableWords(status, 'detail').title).toBe(title);
  });
});
