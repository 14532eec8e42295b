import { initialsOf } from '#base';
import { hueOf } from './hue.ts';
import './avatar.css';

/** Somebody without a picture. */
export function Avatar({ name, size = 'tile' }: { name: string; size?: 'tile' | 'line' }) {
  return (
    <span
      className={`avatar avatar-${size}`}
      style={{ '--hue': String(hueOf(name)) } as React.CSSProperties}
      aria-hidden="true"
    >
      {initialsOf(name)}
    </span>
  );
}
