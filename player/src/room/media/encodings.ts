/** One size of a camera's picture, as the browser is asked for it. */
interface Encoding {
  rid: string;
  active: boolean;
  scaleResolutionDownBy: number;
  maxBitrate: number;
}

const RIDS = ['l', 'm', 'h'] as const;
/** Bits per second for pictures up to so many lines. */
const RATES = [
  { lines: 180, bitsPerSecond: 150_000 },
  { lines: 270, bitsPerSecond: 250_000 },
  { lines: 360, bitsPerSecond: 500_000 },
  { lines: 540, bitsPerSecond: 900_000 },
  { lines: 720, bitsPerSecond: 1_700_000 },
];
const MOST_BITS_PER_SECOND = 2_500_000;
/** Smaller than this, a picture is no use to anybody. */
const LEAST_LINES = 135;

/**
 * The sizes in which a camera of so many lines is sent, the smallest first: the
 * call server gives everyone the one that fits. There are always three of them,
 * since they cannot be added later; those that a small picture has no use for
 * are off.
 */
export function encodingsFor(lines: number): Encoding[] {
  const useful = RIDS.filter((_, i) => i === 0 || lines / 2 ** i >= LEAST_LINES).length;
  return RIDS.map((rid, i) => {
    const active = i < useful;
    const scaleResolutionDownBy = active ? 2 ** (useful - 1 - i) : 1;
    const own = lines / scaleResolutionDownBy;
    const rate = RATES.find((one) => own <= one.lines)?.bitsPerSecond ?? MOST_BITS_PER_SECOND;
    return { rid, active, scaleResolutionDownBy, maxBitrate: rate };
  });
}
