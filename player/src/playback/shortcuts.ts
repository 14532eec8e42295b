/** Keys and what they do: one table for the player, the help sheet and the tests. */

export type Command =
  | { do: 'toggle-play' | 'toggle-mute' | 'toggle-fullscreen' | 'toggle-captions' }
  | { do: 'toggle-picture-in-picture' | 'toggle-stats' | 'toggle-help' | 'go-live' }
  | { do: 'seek-by'; seconds: number }
  | { do: 'seek-to-share'; share: number }
  | { do: 'volume-by'; share: number }
  | { do: 'step'; frames: 1 | -1 }
  | { do: 'speed'; direction: 1 | -1 };

export interface Shortcut {
  keys: readonly string[];
  /** Shown in the help sheet. */
  label: string;
  command: (key: string) => Command;
}

const always = (command: Command) => () => command;
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [' ', 'k'], label: 'Play or pause', command: always({ do: 'toggle-play' }) },
  { keys: ['m'], label: 'Sound on or off', command: always({ do: 'toggle-mute' }) },
  {
    keys: ['ArrowUp'],
    label: 'Louder',
    command: always({ do: 'volume-by', share: 0.05 }),
  },
  {
    keys: ['ArrowDown'],
    label: 'Quieter',
    command: always({ do: 'volume-by', share: -0.05 }),
  },
  {
    keys: ['ArrowLeft'],
    label: 'Back 5 seconds',
    command: always({ do: 'seek-by', seconds: -5 }),
  },
  {
    keys: ['ArrowRight'],
    label: 'Forward 5 seconds',
    command: always({ do: 'seek-by', seconds: 5 }),
  },
  { keys: ['j'], label: 'Back 10 seconds', command: always({ do: 'seek-by', seconds: -10 }) },
  { keys: ['l'], label: 'Forward 10 seconds', command: always({ do: 'seek-by', seconds: 10 }) },
  {
    keys: DIGITS,
    label: 'Jump to 0–90 % of what is kept',
    command: (key) => ({ do: 'seek-to-share', share: Number(key) / 10 }),
  },
  { keys: ['End'], label: 'Back to live', command: always({ do: 'go-live' }) },
  {
    keys: [','],
    label: 'One frame back, while paused',
    command: always({ do: 'step', frames: -1 }),
  },
  { keys: ['.'], label: 'One frame on, while paused', command: always({ do: 'step', frames: 1 }) },
  { keys: ['<'], label: 'Slower', command: always({ do: 'speed', direction: -1 }) },
  { keys: ['>'], label: 'Faster', command: always({ do: 'speed', direction: 1 }) },
  { keys: ['f'], label: 'Full screen', command: always({ do: 'toggle-fullscreen' }) },
  { keys: ['c'], label: 'Captions', command: always({ do: 'toggle-captions' }) },
  {
    keys: ['i'],
    label: 'Picture in picture',
    command: always({ do: 'toggle-picture-in-picture' }),
  },
  { keys: ['s'], label: 'Stats for nerds', command: always({ do: 'toggle-stats' }) },
  { keys: ['?'], label: 'This help', command: always({ do: 'toggle-help' }) },
];

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Where the key was pressed: some elements use some keys themselves. */
export type KeyTarget = 'text' | 'menu' | 'slider' | 'button' | 'page';

const OWN_KEYS: Readonly<Record<KeyTarget, (key: string) => boolean>> = {
  text: () => true,
  menu: (key) => key.startsWith('Arrow') || key === ' ' || key === 'End',
  slider: (key) => key.startsWith('Arrow') || key === 'End',
  button: (key) => key === ' ',
  page: () => false,
};

const BY_KEY = new Map(
  SHORTCUTS.flatMap((shortcut) => shortcut.keys.map((key) => [key, shortcut])),
);

/** What a key press asks for; undefined when it is not ours. */
export function commandFor(press: KeyPress, target: KeyTarget): Command | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  // Letters count whatever the shift and caps-lock keys do.
  const key = /^[A-Z]$/.test(press.key) ? press.key.toLowerCase() : press.key;
  if (OWN_KEYS[target](key)) return undefined;
  return BY_KEY.get(key)?.command(key);
}

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'Space',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
};

/** Keys as the help sheet writes them. */
export function keyNames({ keys }: Shortcut): string[] {
  if (keys.length > 3) return [`${keys[0]}–${keys.at(-1)}`];
  return keys.map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}
