import { nalUnits, type PayloadSink, packetizeH264, packetizeVp8 } from '#protocol';
import type { CodecName } from '../codecs.ts';

/** Writes the payloads of one access unit into `into` at `offset`, one after the other; there is room for `maxBytes`. */
export type Packetizer = (
  unit: Uint8Array,
  into: Uint8Array,
  offset: number,
  maxBytes: number,
  emit: PayloadSink,
) => void;

/** The opposite of the depacketizers, for the codecs that are made here; each stream has its own. */
export const PACKETIZERS: Readonly<Partial<Record<CodecName, () => Packetizer>>> = {
  H264: () => (unit, into, offset, maxBytes, emit) =>
    packetizeH264(nalUnits(unit), into, offset, maxBytes, emit),
  VP8: vp8Packetizer,
  opus: () => wholeUnit,
};

/** Numbers the pictures of its stream. */
function vp8Packetizer(): Packetizer {
  let pictureId = 0;
  return (unit, into, offset, maxBytes, emit) =>
    packetizeVp8(unit, pictureId++, into, offset, maxBytes, emit);
}

/** RFC 7587 4.2: one packet of Opus is one payload. One that has no room is left out. */
function wholeUnit(
  unit: Uint8Array,
  into: Uint8Array,
  offset: number,
  maxBytes: number,
  emit: PayloadSink,
): void {
  if (unit.length === 0 || unit.length > maxBytes) return;
  into.set(unit, offset);
  emit(unit.length, true);
}
