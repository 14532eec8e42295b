import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { seatsOf } from './seats.ts';
import './notice.css';

const ICONS = { info: Info, warn: TriangleAlert, danger: CircleAlert };

/** Something to know; a danger, and what is urgent, is read out at once. */
export function Notice({
  level,
  isUrgent = level === 'danger',
  title,
  children,
  action,
}: {
  level: 'info' | 'warn' | 'danger';
  isUrgent?: boolean;
  title?: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  const Icon = ICONS[level];
  return (
    <div className={`notice notice-${level}`} role={isUrgent ? 'alert' : undefined}>
      <Icon size={18} aria-hidden="true" />
      <div className="notice-text">
        {title !== undefined && <p className="notice-title">{title}</p>}
        <div>{children}</div>
      </div>
      {action}
    </div>
  );
}

/** The rows from behind: the stage lies below. */
const ROWS = seatsOf({
  rows: 4,
  innerRadius: 30,
  rowGap: 17,
  seatGap: 11.5,
  spanDegrees: 180,
  aisles: [-34, 34],
  aisleWidth: 9,
});

/** Where there is nothing yet: the empty rows, what that means, and what to do. */
export function Empty({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="empty">
      <svg
        className="empty-arcs"
        width="150"
        viewBox="0 0 180 98"
        fill="currentColor"
        aria-hidden="true"
      >
        {ROWS.map(({ x, y }) => (
          <circle key={`${x} ${y}`} cx={90 + x} cy={92 - y} r="3.4" />
        ))}
      </svg>
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {actions !== undefined && <div className="empty-actions">{actions}</div>}
    </div>
  );
}

/** The place of something that is being read; its size is the size of what will be there. */
export function Skeleton({ height, width = '100%' }: { height: string; width?: string }) {
  return <div className="skeleton" style={{ height, width }} aria-hidden="true" />;
}
