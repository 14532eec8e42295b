import type { ShownStatus } from './shown-status.ts';
import './status.css';

const LOOKS = {
  live: { look: 'pill-live', text: 'On air', dot: true },
  interrupted: { look: 'pill-interrupted', text: 'Interrupted', dot: true },
  ready: { look: 'pill-quiet', text: 'Off air', dot: false },
  ended: { look: 'pill-quiet', text: 'Ended', dot: false },
} as const satisfies Record<ShownStatus, object>;

export function StatusPill({ status }: { status: ShownStatus }) {
  const { look, text, dot } = LOOKS[status];
  return (
    <span className={`pill ${look}`}>
      {dot && <span className="pill-dot" aria-hidden="true" />}
      {text}
    </span>
  );
}
