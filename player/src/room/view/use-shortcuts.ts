import { useEffect, useRef } from 'react';
import { focusOf, type Shortcut, shortcutOf } from './shortcuts.ts';

type Actions = Record<Exclude<Shortcut, 'talk'>, () => void> & {
  /** Push to talk: true while the key is held. */
  talk: (on: boolean) => void;
  mayTalk: () => boolean;
};

/** Keys of the room, as long as the component is there. */
export function useShortcuts(actions: Actions, hasLetters: boolean): void {
  const latest = useRef(actions);
  const letters = useRef(hasLetters);
  useEffect(() => {
    latest.current = actions;
    letters.current = hasLetters;
  });
  useEffect(() => {
    let isTalking = false;
    const stopTalking = () => {
      if (isTalking) latest.current.talk(false);
      isTalking = false;
    };
    const onDown = (event: KeyboardEvent) => {
      const shortcut = shortcutOf(event, focusOf(event.target), letters.current);
      if (shortcut === undefined) return;
      event.preventDefault();
      if (shortcut !== 'talk') {
        latest.current[shortcut]();
      } else if (latest.current.mayTalk()) {
        isTalking = true;
        latest.current.talk(true);
      }
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.key === ' ') stopTalking();
    };
    addEventListener('keydown', onDown);
    addEventListener('keyup', onUp);
    // A key that is let go in another window is not heard of here.
    addEventListener('blur', stopTalking);
    return () => {
      removeEventListener('keydown', onDown);
      removeEventListener('keyup', onUp);
      removeEventListener('blur', stopTalking);
      stopTalking();
    };
  }, []);
}
