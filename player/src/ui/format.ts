/** Numbers and times as people read them. */

const decimals = (digits: number) =>
  new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const WHOLE = decimals(0);
const ONE = decimals(1);
const TWO = decimals(2);

export const count = (value: number): string => WHOLE.format(value);

/** `1 viewer`, `1,204 viewers`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** `128 kbit/s`, `2.53 Mbit/s`. */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond < 999_500) return `${WHOLE.format(bitsPerSecond / 1000)} kbit/s`;
  return `${TWO.format(bitsPerSecond / 1_000_000)} Mbit/s`;
}

/** `30 fps`, `29.97 fps`. */
export function frameRate(fps: number): string {
  const rounded = Math.round(fps * 100) / 100;
  return `${Number.isInteger(rounded) ? rounded : rounded.toFixed(2).replace(/0$/, '')} fps`;
}

/** `420 ms`, `1.3 s`. */
export function delay(ms: number): string {
  const sign = ms < 0 ? '−' : '';
  const size = Math.abs(ms);
  if (size < 999.5) return `${sign}${WHOLE.format(size)} ms`;
  return `${sign}${ONE.format(size / 1000)} s`;
}

/** A clock that counts: `0:07`, `12:05`, `1:02:03`. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0
    ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`
    : `${minutes}:${seconds}`;
}

/** A length in its largest units that come out even: `2 hours`, `90 seconds`, `1 day`. */
export function span(seconds: number): string {
  for (const [size, one] of [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return plural(seconds / size, one);
  }
  return plural(seconds, 'second');
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `just now`, `12 minutes ago`, `yesterday`. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.round((thenMs - nowMs) / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return 'just now';
  if (size < 45 * 60) return RELATIVE.format(Math.round(seconds / 60), 'minute');
  if (size < 22 * 3600) return RELATIVE.format(Math.round(seconds / 3600), 'hour');
  if (size < 26 * 86_400) return RELATIVE.format(Math.round(seconds / 86_400), 'day');
  return new Date(thenMs).toLocaleDateString('en', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
}

export const timeOfDay = (ms: number): string =>
  new Date(ms).toLocaleTimeString('en', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });

/** `1280 × 720`. */
export const size = (width: number, height: number): string => `${width} × ${height}`;
