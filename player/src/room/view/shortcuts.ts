/** What a key does in the room. */
export type Shortcut =
  | 'microphone'
  | 'camera'
  | 'share'
  | 'hand'
  | 'chat'
  | 'people'
  | 'view'
  | 'fullscreen'
  | 'help'
  | 'talk';

/** For the list of keys, in its order. */
export const SHORTCUTS: readonly { shortcut: Shortcut; key: string; text: string }[] = [
  { shortcut: 'microphone', key: 'M', text: 'Microphone on or off' },
  { shortcut: 'talk', key: 'Space', text: 'Hold to talk while muted' },
  { shortcut: 'camera', key: 'V', text: 'Camera on or off' },
  { shortcut: 'share', key: 'S', text: 'Share a screen, or stop' },
  { shortcut: 'hand', key: 'H', text: 'Raise or lower your hand' },
  { shortcut: 'chat', key: 'C', text: 'Chat' },
  { shortcut: 'people', key: 'P', text: 'People' },
  { shortcut: 'view', key: 'G', text: 'Grid or speaker view' },
  { shortcut: 'fullscreen', key: 'F', text: 'Full screen' },
  { shortcut: 'help', key: '?', text: 'These keys' },
];

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
}

/** What the focus is on, or in, as far as it has a use for keys itself. */
export type Focus = 'text' | 'control' | 'page';

/**
 * The shortcut of a pressed key; none where somebody writes, or for another
 * program’s combination. Without `hasLetters` only the key to talk does something.
 */
export function shortcutOf(
  pressed: Pressed,
  focus: Focus,
  hasLetters: boolean,
): Shortcut | undefined {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || focus === 'text') return undefined;
  // Space presses the button that has the focus.
  if (pressed.key === ' ') return focus === 'page' && !pressed.repeat ? 'talk' : undefined;
  if (pressed.repeat || !hasLetters) return undefined;
  return SHORTCUTS.find(({ key }) => key === pressed.key.toUpperCase())?.shortcut;
}

export function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof Element)) return 'page';
  if (
    target.closest(
      'input:not([type=checkbox]):not([type=radio]), textarea, [contenteditable=true], [role=menu], [role=listbox], [role=dialog], [data-writing]',
    )
  )
    return 'text';
  return target.closest('button, a, [role=button], select, input, summary, [role=tab]')
    ? 'control'
    : 'page';
}
