import { useEffect, useRef } from 'react';
import { watchLevel } from './level.ts';
import './level.css';

const STEPS = 20;

/** How loud the microphone is. Drawn past React: it moves fifteen times a second. */
export function LevelMeter({
  track,
  isMuted,
}: {
  track: MediaStreamTrack | undefined;
  isMuted: boolean;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const show = (level: number) => {
      bar.current?.style.setProperty('--level', String(level));
      if (meter.current !== null) meter.current.value = Math.round(level * STEPS) * (100 / STEPS);
    };
    show(0);
    if (track === undefined || isMuted) return;
    return watchLevel(track, show);
  }, [track, isMuted]);
  return (
    <div className="level-meter">
      <meter
        ref={meter}
        className="visually-hidden"
        aria-label="Microphone level"
        min={0}
        max={100}
        value={0}
      >
        {isMuted ? 'muted' : ''}
      </meter>
      <div ref={bar} className="level" aria-hidden="true" />
    </div>
  );
}
