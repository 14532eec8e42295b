import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from '../../ui/button.tsx';

/** What opens beside the stage; on a phone, above it. */
export function SidePanel({
  title,
  count,
  onClose,
  children,
}: {
  title: string;
  count?: number;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <aside className="panel-side" aria-label={title}>
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
