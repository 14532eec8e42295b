/** NAL units in length-prefixed form (ISO/IEC 14496-15, 4-byte lengths unless said otherwise). */

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

/** True when every byte belongs to a NAL unit: no lying length, no leftover. */
export function isWellFormed(accessUnit: Uint8Array, lengthSize = 4): boolean {
  const end = accessUnit.length;
  let at = 0;
  while (at + lengthSize <= end) {
    let length = 0;
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (accessUnit[at + i] ?? 0);
    if (length === 0) return false;
    at += lengthSize + length;
  }
  return at === end && end > 0;
}

/** The same NAL units with 4-byte lengths. Stops where `nalUnits` does. */
export function withLongLengths(accessUnit: Uint8Array, lengthSize: number): Uint8Array {
  return lengthPrefixed([...nalUnits(accessUnit, lengthSize)]);
}

/** NAL units as one access unit, each behind its 4-byte length. */
export function lengthPrefixed(units: readonly Uint8Array[]): Uint8Array {
  const size = units.reduce((sum, unit) => sum + 4 + unit.length, 0);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    out.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return out;
}
