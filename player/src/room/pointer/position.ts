import { wrapDistance } from '#base';

/** A place on a picture: from 0 to 1, from the left and from the top. */
export interface Position {
  x: number;
  y: number;
}

const BYTES = 6;
const SCALE = 0xffff;
const SEQUENCE_BITS = 16;

/** A message of a pointer's channel: sequence number, x and y, 16 bits each. */
export function writePosition(sequence: number, { x, y }: Position): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(BYTES));
  view.setUint16(0, sequence & SCALE);
  view.setUint16(2, within(x) * SCALE);
  view.setUint16(4, within(y) * SCALE);
  return view.buffer;
}

/** Undefined for what is no position. */
export function readPosition(data: unknown): (Position & { sequence: number }) | undefined {
  if (!(data instanceof ArrayBuffer) || data.byteLength !== BYTES) return undefined;
  const view = new DataView(data);
  return {
    sequence: view.getUint16(0),
    x: view.getUint16(2) / SCALE,
    y: view.getUint16(4) / SCALE,
  };
}

/** Whether a position came after another one; they may overtake each other. */
export const isNewer = (sequence: number, than: number): boolean =>
  wrapDistance(than, sequence, SEQUENCE_BITS) > 0;

export const within = (value: number): number => Math.min(1, Math.max(0, value));
