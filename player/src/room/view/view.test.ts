import { describe, expect, it } from 'vitest';
import { piecesOf } from '../chat/links.ts';
import { hueOf } from './hue.ts';
import { type Focus, shortcutOf } from './shortcuts.ts';
import { endingWords, unavailableWords } from './words.ts';

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
    [404, 'There is no such room'],
    [410, 'The meeting is over'],
    [0, 'The room cannot be reached'],
    [500, 'The room cannot be opened'],
  ])('for status %d', (status, title) => {
    expect(unavailableWords(status, 'detail').title).toBe(title);
  });
});
