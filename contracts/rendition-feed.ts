import { z } from 'zod';
import { renditionIdSchema, runIdSchema } from './ids.ts';

/**
 * `POST /renditions/{eventId}` on a call-server node, with a push token: what
 * the bank makes of an event, for viewers over WebRTC. The body is a stream of
 * frames: first an opening, then units for as long as the job lasts. The
 * answer's head says that it is taken; its body, one JSON object when the
 * writer is sent away, says why.
 */
export const MAX_FEED_TRACKS = 64;

export const renditionFeedOpeningSchema = z.strictObject({
  runId: runIdSchema,
  /** Units name a track by its place here. */
  tracks: z
    .array(z.strictObject({ kind: z.enum(['video', 'audio']), name: renditionIdSchema }))
    .min(1)
    .max(MAX_FEED_TRACKS),
});
export type RenditionFeedOpening = z.infer<typeof renditionFeedOpeningSchema>;

export const renditionFeedEndSchema = z.object({ reason: z.string() });

/** Kinds of frames; their framing is that of the call server's control protocol. */
export const RENDITION_FEED_OPENING = 0;
export const RENDITION_FEED_UNIT = 1;

/** One access unit: H.264 with 4-byte lengths, parameter sets in front of a key frame; or one packet of Opus. */
export interface RenditionUnit {
  /** Index of its track in the opening. */
  track: number;
  key: boolean;
  /** When it was captured, in microseconds since the epoch. */
  capturedUs: number;
  payload: Uint8Array;
}

const KEY_FLAG = 0x80;
const CAPTURED_AT = 1;
/** Track and flag (1 byte), time (8 bytes, IEEE 754). */
const HEADER_BYTES = 9;

/** What stands in front of a unit's payload in its frame. */
export function renditionUnitHeader(unit: Omit<RenditionUnit, 'payload'>): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  head[0] = unit.track | (unit.key ? KEY_FLAG : 0);
  new DataView(head.buffer).setFloat64(CAPTURED_AT, unit.capturedUs);
  return head;
}

/** The unit in a frame; its payload is a view. Throws `RangeError` for what is none. */
export function readRenditionUnit(bytes: Uint8Array): RenditionUnit {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(0);
  const capturedUs = view.getFloat64(CAPTURED_AT);
  if (!Number.isFinite(capturedUs)) throw new RangeError('no time of capture');
  return {
    track: flags & ~KEY_FLAG,
    key: (flags & KEY_FLAG) !== 0,
    capturedUs,
    payload: bytes.subarray(HEADER_BYTES),
  };
}
