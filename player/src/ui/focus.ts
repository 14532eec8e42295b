import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

/**
 * For the heading (`tabIndex={-1}`) of a view that takes the place of another
 * one: it gets the focus, so that a screen reader says where one is now, and
 * Tab goes on from there. `isArrival`: the page has not just begun with it.
 */
export function useArrival(isArrival = true): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  const wanted = useRef(isArrival);
  useEffect(() => {
    if (wanted.current) heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}

/**
 * Whether a field may take the focus by itself when it comes. On a phone the
 * keyboard would cover what one came to read; a browser that knows of no
 * pointer at all, as one without a screen, has a keyboard.
 */
export const mayFocusField = (): boolean =>
  !matchMedia('(hover: none) and (pointer: coarse)').matches;

/** When `own` goes away and the focus was in it, `to` says what gets it. */
export function useFocusReturn(
  own: RefObject<HTMLElement | null>,
  to: () => HTMLElement | null,
): void {
  const latest = useRef(to);
  const had = useRef(false);
  useLayoutEffect(() => {
    const element = own.current;
    // While it is still on the page: what is taken off it loses the focus.
    return () => {
      had.current = element?.contains(document.activeElement) === true;
    };
  }, [own]);
  useEffect(
    () => () => {
      if (had.current) latest.current()?.focus({ preventScroll: true });
    },
    [],
  );
}

/**
 * What has the focus when there is no better place for it: the content of the
 * page, or what stands over it (`data-over-content`) while that is hidden.
 */
export function pageContent(): HTMLElement | null {
  const content = document.getElementById('content');
  const isHidden = content !== null && getComputedStyle(content).visibility === 'hidden';
  return (isHidden ? document.querySelector<HTMLElement>('[data-over-content]') : null) ?? content;
}

/**
 * What to give the focus back to that this had: itself, the button of a menu
 * where it is in the menu, since that closes; the content of the page where it
 * was nowhere or is gone.
 */
export function openerOf(focused: Element | null): () => HTMLElement | null {
  const menu = focused?.closest('[role=menu]');
  const opener =
    menu === null || menu === undefined
      ? focused
      : document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`);
  return () =>
    opener instanceof HTMLElement && opener.isConnected && opener !== document.body
      ? opener
      : pageContent();
}
