import { writeU16 } from './packet.ts';

const NAL_DELIMITER = 9;
const TYPE_MASK = 0x1f;
const IMPORTANCE_MASK = 0x60;
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;
const FU_HEADER = 2;
const STAP_HEADER = 1;
const STAP_LENGTH = 2;

/** Takes each payload when it stands in the packet. */
export type PayloadSink = (length: number, last: boolean) => void;

/**
 * Cuts the NAL units of one access unit into payloads (RFC 6184 5.6 to 5.8,
 * packetization mode 1): small units share one (STAP-A), large ones are
 * fragmented (FU-A). Each is written into `into` at `offset`, where there is
 * room for `maxBytes`; then `emit` is told its length, and whether it is the
 * unit's last. Access unit delimiters are left out.
 */
export function packetizeH264(
  units: Iterable<Uint8Array>,
  into: Uint8Array,
  offset: number,
  maxBytes: number,
  emit: PayloadSink,
): void {
  const pending: Uint8Array[] = [];
  let pendingBytes = STAP_HEADER;
  const flush = (last: boolean) => {
    const [first] = pending;
    if (first === undefined) return;
    let length = first.length;
    if (pending.length === 1) into.set(first, offset);
    else length = aggregate(pending, into, offset);
    pending.length = 0;
    pendingBytes = STAP_HEADER;
    emit(length, last);
  };
  let held: Uint8Array | undefined;
  const place = (unit: Uint8Array, last: boolean) => {
    const size = STAP_LENGTH + unit.length;
    if (pendingBytes + size > maxBytes) flush(false);
    if (unit.length > maxBytes) {
      fragment(unit, into, offset, maxBytes, last, emit);
      return;
    }
    pending.push(unit);
    pendingBytes += size;
    if (last) flush(true);
  };
  // One behind: the last one must be known to be it.
  for (const unit of units) {
    if (unit.length === 0 || ((unit[0] ?? 0) & TYPE_MASK) === NAL_DELIMITER) continue;
    if (held !== undefined) place(held, false);
    held = unit;
  }
  if (held !== undefined) place(held, true);
}

function aggregate(units: readonly Uint8Array[], into: Uint8Array, offset: number): number {
  let at = offset + STAP_HEADER;
  let importance = 0;
  for (const unit of units) {
    importance = Math.max(importance, (unit[0] ?? 0) & IMPORTANCE_MASK);
    writeU16(into, at, unit.length);
    into.set(unit, at + STAP_LENGTH);
    at += STAP_LENGTH + unit.length;
  }
  into[offset] = importance | STAP_A;
  return at - offset;
}

/** In parts of nearly equal length, so that none is left with a few bytes. */
function fragment(
  unit: Uint8Array,
  into: Uint8Array,
  offset: number,
  maxBytes: number,
  last: boolean,
  emit: PayloadSink,
): void {
  const head = unit[0] ?? 0;
  const bytes = unit.length - 1;
  const count = Math.ceil(bytes / (maxBytes - FU_HEADER));
  for (let i = 0; i < count; i++) {
    const from = 1 + Math.floor((bytes * i) / count);
    const to = 1 + Math.floor((bytes * (i + 1)) / count);
    const ends = i === count - 1;
    into[offset] = (head & ~TYPE_MASK) | FU_A;
    into[offset + 1] = (i === 0 ? FU_START : 0) | (ends ? FU_END : 0) | (head & TYPE_MASK);
    into.set(unit.subarray(from, to), offset + FU_HEADER);
    emit(FU_HEADER + to - from, last && ends);
  }
}
