import type { MouseEvent, ReactNode } from 'react';
import { goTo, type Place, pathOf } from './place.ts';

/** A link within the studio. With a modifier key it is the browser's business, as any link. */
export function Link({
  to,
  className,
  children,
}: {
  to: Place;
  className?: string;
  children: ReactNode;
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a href={pathOf(to)} onClick={follow} {...(className === undefined ? {} : { className })}>
      {children}
    </a>
  );
}
