import { z } from 'zod';
import { eventIdSchema, sourceIdSchema } from './ids.ts';
import { publishCredentialSchema } from './internal.ts';

/**
 * `POST /publication` on an ingest node: a WebRTC publisher's media from the
 * call server that has its connection. The body is a stream of frames: first an
 * opening, then units for as long as it lasts. The answer's head says that the
 * publisher is accepted and what it publishes; its body, one JSON object when
 * the publisher is sent away, says why.
 */
export const publicationCodecSchema = z.enum(['H264', 'VP8', 'VP9', 'opus']);
export type PublicationCodec = z.infer<typeof publicationCodecSchema>;

export const publicationOpeningSchema = z.strictObject({
  credential: publishCredentialSchema,
  /** What the publisher says it publishes to; the credential must be of it. */
  eventId: eventIdSchema,
  sourceId: sourceIdSchema.optional(),
  remoteAddress: z.string().max(64),
  /** What the publisher calls itself. */
  encoder: z.string().max(200).optional(),
  /** It is a room: frames of `contracts/stage.ts` follow. */
  stage: z.boolean().optional(),
});
export type PublicationOpening = z.infer<typeof publicationOpeningSchema>;

/** Where an accepted publisher's media goes; in the head of the answer. */
export const PUBLICATION_EVENT_HEADER = 'amphi-event-id';
export const PUBLICATION_SOURCE_HEADER = 'amphi-source-id';

export const publicationEndSchema = z.object({ reason: z.string() });

/** Kinds of frames; their framing is that of the call server's control protocol. */
export const PUBLICATION_OPENING = 0;
export const PUBLICATION_UNIT = 1;

/** One access unit as it was published. */
export interface PublicationUnit {
  codec: PublicationCodec;
  key: boolean;
  /** On the codec's own clock, in microseconds from anywhere. */
  mediaUs: number;
  /** The same on the server's clock, since the Unix epoch; undefined before the publisher's first sender report. */
  capturedUs: number | undefined;
  payload: Uint8Array;
}

const CODECS = publicationCodecSchema.options;
const KEY_FLAG = 0x80;
/** Codec and flags (1 byte), media time and captured time (8 bytes each, IEEE 754). */
export const PUBLICATION_UNIT_HEADER = 17;
const MEDIA_TIME_AT = 1;
const CAPTURED_TIME_AT = 9;

/** What stands in front of a unit's payload in its frame. */
export function publicationUnitHeader(unit: Omit<PublicationUnit, 'payload'>): Uint8Array {
  const head = new Uint8Array(PUBLICATION_UNIT_HEADER);
  const view = new DataView(head.buffer);
  head[0] = CODECS.indexOf(unit.codec) | (unit.key ? KEY_FLAG : 0);
  view.setFloat64(MEDIA_TIME_AT, unit.mediaUs);
  view.setFloat64(CAPTURED_TIME_AT, unit.capturedUs ?? Number.NaN);
  return head;
}

/** The unit in a frame; its payload is a view. Throws `RangeError` for what is none. */
export function readPublicationUnit(bytes: Uint8Array): PublicationUnit {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codec = CODECS[(bytes[0] ?? 0) & ~KEY_FLAG];
  const mediaUs = view.getFloat64(MEDIA_TIME_AT);
  const capturedUs = view.getFloat64(CAPTURED_TIME_AT);
  if (codec === undefined || !Number.isFinite(mediaUs) || capturedUs === Number.POSITIVE_INFINITY) {
    throw new RangeError('no publication unit');
  }
  return {
    codec,
    key: ((bytes[0] ?? 0) & KEY_FLAG) !== 0,
    mediaUs,
    capturedUs: Number.isFinite(capturedUs) ? capturedUs : undefined,
    payload: bytes.subarray(PUBLICATION_UNIT_HEADER),
  };
}
