/** NAL units in length-prefixed form (ISO/IEC 14496-15, 4-byte lengths unless said otherwise). */

export const NAL_SLICE = 1;
export const NAL_IDR = 5;
export const NAL_SEI = 6;
export const NAL_SPS = 7;
export const NAL_PPS = 8;

/**
 * Iterates over the NAL units of a length-prefixed access unit. Stops at the
 * first length that does not fit: what came before it is still usable.
 */
export function* nalUnits(accessUnit: Uint8Array, lengthSize = 4): IterableIterator<Uint8Array> {
  let at = 0;
  while (at + lengthSize <= accessUnit.length) {
    let length = 0;
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (accessUnit[at + i] ?? 0);
    at += lengthSize;
    if (length === 0 || at + length > accessUnit.length) return;
    yield accessUnit.subarray(at, at + length);
    at += length;
  }
}

export const nalType = (unit: Uint8Array): number => (unit[0] ?? 0) & 0x1f;

/** True when every byte belongs to a NAL unit: no lying length, no leftover. */
export function isWellFormed(accessUnit: Uint8Array, lengthSize = 4): boolean {
  let covered = 0;
  for (const unit of nalUnits(accessUnit, lengthSize)) covered += lengthSize + unit.length;
  return covered > 0 && covered === accessUnit.length;
}
