/**
 * A clock that is burnt into the picture as a row of black and white blocks,
 * so large that it survives scaling and coding: a white and a black block to
 * tell the levels by, 32 bits of epoch milliseconds, 8 bits of check sum.
 */

export const BLOCK = { width: 24, height: 48 } as const;
const CLOCK_BITS = 32;
const CHECK_BITS = 8;
export const BLOCKS = 2 + CLOCK_BITS + CHECK_BITS;

const WHITE = 235;
const BLACK = 16;

const checkOf = (clock: number): number => {
  const bytes = [clock >>> 24, clock >>> 16, clock >>> 8, clock];
  return bytes.reduce((sum, byte) => (sum * 7 + (byte & 255)) & 255, 91);
};

/** The blocks' luma for a time, first block first. */
export function barcodeOf(epochMs: number): number[] {
  const clock = (epochMs % 2 ** CLOCK_BITS) >>> 0;
  const bits = (value: number, count: number) =>
    Array.from({ length: count }, (_, i) => ((value >>> (count - 1 - i)) & 1 ? WHITE : BLACK));
  return [WHITE, BLACK, ...bits(clock, CLOCK_BITS), ...bits(checkOf(clock), CHECK_BITS)];
}

/**
 * The time that blocks of this luma show, as the one next to `nearMs`;
 * undefined when they are not a barcode.
 */
export function readBarcode(luma: readonly number[], nearMs: number): number | undefined {
  const [white = 0, black = 0] = luma;
  if (luma.length !== BLOCKS || white - black < 60) return undefined;
  const middle = (white + black) / 2;
  const number = (from: number, count: number) =>
    luma
      .slice(from, from + count)
      .reduce((value, level) => value * 2 + (level > middle ? 1 : 0), 0);
  const clock = number(2, CLOCK_BITS);
  if (number(2 + CLOCK_BITS, CHECK_BITS) !== checkOf(clock)) return undefined;
  const era = Math.round((nearMs - clock) / 2 ** CLOCK_BITS);
  return era * 2 ** CLOCK_BITS + clock;
}
