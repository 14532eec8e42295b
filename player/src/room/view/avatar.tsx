import { useState } from 'react';
import { initialsOf } from '#base';
import { hueOf } from './hue.ts';
import './avatar.css';

/** Somebody's picture, or what stands for them without one. */
export function Avatar({
  name,
  picture,
  size = 'tile',
}: {
  name: string;
  /** Where it is. */
  picture?: string | undefined;
  size?: 'tile' | 'line' | 'contact' | 'large';
}) {
  const [broken, setBroken] = useState<string>();
  return (
    <span
      className={`avatar avatar-${size}`}
      style={{ '--hue': String(hueOf(name)) } as React.CSSProperties}
      aria-hidden="true"
    >
      {initialsOf(name)}
      {picture !== undefined && picture !== broken && (
        <img
          className="avatar-picture"
          src={picture}
          alt=""
          draggable={false}
          onError={() => setBroken(picture)}
        />
      )}
    </span>
  );
}
