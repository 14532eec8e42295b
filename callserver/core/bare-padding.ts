import {
  ElementWriter,
  RTP_HEADER_SIZE,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
} from '#protocol';
import type { Fields } from '../congestion/pacer.ts';
import { ABS_SEND_TIME, TRANSPORT_CC } from '../packet/extension-order.ts';

/** RFC 3550 5.1: the last byte tells how many there are. */
const PADDING_BYTES = 255;
/** Version 2, padding, extension. */
const FIRST_BYTE = 0xb0;

export interface BarePadding {
  payloadType: number;
  ssrc: number;
  sequence: number;
  timestamp: number;
  /** By extension index. */
  ids: Uint8Array;
}

/**
 * Writes an RTP packet of nothing but padding into `memory`, tells in `fields`
 * where what is written last goes, and returns the packet.
 */
export function writeBarePadding(memory: Buffer, padding: BarePadding, fields: Fields): Buffer {
  memory[0] = FIRST_BYTE;
  memory[1] = padding.payloadType;
  setSequenceNumber(memory, padding.sequence);
  setTimestamp(memory, padding.timestamp);
  setSsrc(memory, padding.ssrc);
  const elements = new ElementWriter(memory, RTP_HEADER_SIZE, 3);
  fields.sequenceAt = elements.add(padding.ids[TRANSPORT_CC] ?? 0, 2);
  fields.sendTimeAt = elements.add(padding.ids[ABS_SEND_TIME] ?? 0, 3);
  const payload = elements.finish();
  memory.fill(0, payload, payload + PADDING_BYTES);
  memory[payload + PADDING_BYTES - 1] = PADDING_BYTES;
  return memory.subarray(0, payload + PADDING_BYTES);
}
