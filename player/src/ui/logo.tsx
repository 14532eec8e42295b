import { rowPath } from './seats.ts';

/** Three rows around a stage, two aisles through them. */
const ROWS = [6, 10.2, 14.4]
  .map((radius) => rowPath(16, 20.6, radius, 104, [-38, 38], 2.1))
  .join('');

export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path d={ROWS} stroke="currentColor" strokeWidth="2.6" />
      <circle cx="16" cy="20.6" r="2.8" fill="var(--accent)" />
    </svg>
  );
}

/** One line of even weight; the arches of m and h are the rows again, the dot of the i is the stage. */
const LETTERS = [
  // a
  'M18.5 21.5a8 8 0 1 1-16 0a8 8 0 0 1 16 0M18.5 11v21',
  // m
  'M27 11v21M27 20.2a6.7 6.7 0 0 1 13.4 0V32M40.4 20.2a6.7 6.7 0 0 1 13.4 0V32',
  // p
  'M62.3 11v30M78.3 21.5a8 8 0 1 1-16 0a8 8 0 0 1 16 0',
  // h
  'M86.8 2v30M86.8 20.7a7.2 7.2 0 0 1 14.4 0V32',
  // i
  'M109.7 12v20',
].join('');

export function Wordmark({ height = 22 }: { height?: number }) {
  return (
    <svg
      height={height}
      width={(height * 113) / 42}
      viewBox="0 0 113 42"
      fill="none"
      aria-hidden="true"
    >
      <path d={LETTERS} stroke="currentColor" strokeWidth="4.7" />
      <circle cx="109.7" cy="5.2" r="3.3" fill="var(--accent)" />
    </svg>
  );
}
