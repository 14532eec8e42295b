import { X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { IconButton } from '../../ui/button.tsx';
import { openerOf, useFocusReturn } from '../../ui/focus.ts';
import './side-panel.css';

/** What opens beside the stage; on a phone, above it. Takes the focus, and gives it back. */
export function SidePanel({
  title,
  count,
  isForWriting = false,
  onClose,
  children,
}: {
  title: string;
  count?: number;
  /** Letters that are typed in it are meant for its field, wherever in it the focus is. */
  isForWriting?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const panel = useRef<HTMLElement>(null);
  // Asked while it is drawn: afterwards, a field in it may have taken the focus already.
  const [opener] = useState(() => openerOf(document.activeElement));
  useFocusReturn(panel, opener);
  useEffect(() => {
    const own = panel.current;
    if (own?.contains(document.activeElement) === false) own.focus({ preventScroll: true });
  }, []);
  return (
    <aside
      ref={panel}
      className="panel-side"
      aria-label={title}
      data-over-content
      data-writing={isForWriting || undefined}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      <div className="panel-head">
        <h2>
          {title} {count !== undefined && <span className="dim">{count}</span>}
        </h2>
        <IconButton
          label={`Close: ${title}`}
          icon={<X size={18} aria-hidden="true" />}
          onPress={onClose}
        />
      </div>
      {children}
    </aside>
  );
}
