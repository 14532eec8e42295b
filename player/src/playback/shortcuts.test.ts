import { describe, expect, it } from 'vitest';
import { commandFor, type KeyTarget, keyNames, SHORTCUTS } from './shortcuts.ts';

const press = (key: string, over = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...over,
});

describe('commandFor', () => {
  it.each([
    [' ', { do: 'toggle-play' }],
    ['k', { do: 'toggle-play' }],
    ['K', { do: 'toggle-play' }],
    ['m', { do: 'toggle-mute' }],
    ['f', { do: 'toggle-fullscreen' }],
    ['c', { do: 'toggle-captions' }],
    ['i', { do: 'toggle-picture-in-picture' }],
    ['?', { do: 'toggle-help' }],
    ['ArrowLeft', { do: 'seek-by', seconds: -5 }],
    ['ArrowRight', { do: 'seek-by', seconds: 5 }],
    ['ArrowUp', { do: 'volume-by', share: 0.05 }],
    ['ArrowDown', { do: 'volume-by', share: -0.05 }],
    ['j', { do: 'seek-by', seconds: -10 }],
    ['l', { do: 'seek-by', seconds: 10 }],
    ['0', { do: 'seek-to-share', share: 0 }],
    ['7', { do: 'seek-to-share', share: 0.7 }],
    [',', { do: 'step', frames: -1 }],
    ['.', { do: 'step', frames: 1 }],
    ['>', { do: 'speed', direction: 1 }],
    ['End', { do: 'go-live' }],
  ])('%s', (key, command) => {
    expect(commandFor(press(key), 'page')).toEqual(command);
  });

  it.each(['x', 'Enter', 'Tab', 'Escape', 'F5'])('leaves %s alone', (key) => {
    expect(commandFor(press(key), 'page')).toBeUndefined();
  });

  it.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }])(
    'leaves keys with modifiers to the browser',
    (over) => {
      expect(commandFor(press('c', over), 'page')).toBeUndefined();
    },
  );

  it.each<[KeyTarget, string, boolean]>([
    ['text', 'k', false],
    ['text', '?', false],
    ['button', ' ', false],
    ['button', 'k', true],
    ['button', 'ArrowLeft', true],
    ['slider', 'ArrowLeft', false],
    ['slider', ' ', true],
    ['menu', 'ArrowDown', false],
    ['menu', 'm', true],
  ])('on a %s the key %j is ours: %s', (target, key, ours) => {
    expect(commandFor(press(key), target) !== undefined).toBe(ours);
  });
});

describe('SHORTCUTS', () => {
  it('gives every key to one command', () => {
    const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has names for all of them in the help sheet', () => {
    expect(SHORTCUTS.flatMap(keyNames)).toEqual(
      expect.arrayContaining(['Space', 'K', '↑', '0–9', '?', ',', 'End']),
    );
  });
});
