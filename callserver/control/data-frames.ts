import { AmphiError } from '#base';
import type { DataMessage } from '../data-parameters.ts';
import { FRAME_DATA, frame } from './frames.ts';

const TEXT = 0;
const BINARY = 1;
const HEAD = 5;

/** A message of a data producer or consumer of a direct transport, as a frame. */
export function dataFrame(handle: number, message: DataMessage): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(handle);
  head[4] = typeof message === 'string' ? TEXT : BINARY;
  return frame(FRAME_DATA, head, typeof message === 'string' ? Buffer.from(message) : message);
}

/** Bytes are a view that holds for the call. Throws `protocol_violation`. */
export function readDataFrame(payload: Buffer): { handle: number; message: DataMessage } {
  const kind = payload[4];
  if (kind !== TEXT && kind !== BINARY) throw new AmphiError('protocol_violation', 'data frame');
  const body = payload.subarray(HEAD);
  return { handle: payload.readUInt32BE(0), message: kind === TEXT ? body.toString() : body };
}
