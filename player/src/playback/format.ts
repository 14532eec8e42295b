/** Figures as people read them. */

/** `1:02:03` or `2:03`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const s = String(whole % 60).padStart(2, '0');
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** The same in words, for screen readers: `1 hour 2 minutes 3 seconds`. */
export function clockWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const words = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ] as const;
  const said = words.filter(([count]) => count > 0);
  if (said.length === 0) return '0 seconds';
  return said.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** The wall clock of the viewer at a moment, with seconds. */
export function dayTime(epochMs: number, locale?: string): string {
  return new Date(epochMs).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

export function bitrateText(bitsPerSecond: number): string {
  if (!Number.isFinite(bitsPerSecond) || bitsPerSecond <= 0) return '–';
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

export const secondsText = (ms: number | undefined, digits = 1): string =>
  ms === undefined || !Number.isFinite(ms) ? '–' : `${(ms / 1000).toFixed(digits)} s`;

/** `1,234 watching`, in the viewer's way to write numbers. */
export function viewersText(count: number, locale?: string): string {
  return `${count.toLocaleString(locale)} watching`;
}

/**
 * A moment to begin at, as share links carry it: epoch seconds, or a distance
 * from the beginning of the run such as `90`, `1m30s`, `1h2m`.
 */
export function readStart(
  text: string | null,
  startedAtMs: number | undefined,
): number | undefined {
  if (text === null || text === '') return undefined;
  const match = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,12})s?)?$/.exec(text);
  if (match === null) return undefined;
  const [, h = '0', m = '0', s = '0'] = match;
  const seconds = (Number(h) * 60 + Number(m)) * 60 + Number(s);
  // Anything from 2001 on is a time of day, not a length.
  if (seconds >= 1e9) return seconds * 1000;
  return startedAtMs === undefined ? undefined : startedAtMs + seconds * 1000;
}
