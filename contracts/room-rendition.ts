import { z } from 'zod';
import { roomIdSchema } from './room-media.ts';

/**
 * A smaller (SD) version of what somebody sends to a room in one size only, made
 * by the bank on demand.
 *
 * 1. The call-server node that has the room offers a job; its id names the
 *    producer, so however many want it, it is one job.
 * 2. A worker of the bank takes it and calls the node: `POST
 *    /room-renditions/{roomId}/{producerId}` with a node token. Both bodies are
 *    streams of frames, framed as the call server's control protocol. The answer's
 *    has an opening, which says what to make, then the source's units; the
 *    request's has the units that were made of them, each with the time of capture
 *    of its picture.
 * 3. While units come, the version stands in Redis (`roomRenditionsKey`).
 * 4. Nobody wants it any more: the answer ends, and with it the job. `not_found`
 *    ends a job, too.
 *
 * A worker that breaks off leaves the receivers on the original; the job is tried
 * again, and whoever calls last takes the place of who called before.
 */
export const ROOM_RENDITION_QUEUE = 'amphi-room-rendition';
export const ROOM_RENDITIONS_PATH = '/room-renditions';

const producerId = roomIdSchema;
const pixels = z.int().min(2).max(16_384);

export const roomRenditionJobSchema = z.strictObject({
  roomId: roomIdSchema,
  producerId,
  /** The call-server node that has it. */
  nodeId: z.string().min(1).max(128),
});
export type RoomRenditionJob = z.infer<typeof roomRenditionJobSchema>;

/** One job a producer. */
export const roomRenditionJobId = (job: Pick<RoomRenditionJob, 'roomId' | 'producerId'>): string =>
  `${job.roomId}.${job.producerId}`;

const sizeSchema = z.strictObject({ width: pixels, height: pixels });

/** The answer's first frame. */
export const roomRenditionOpeningSchema = z.strictObject({
  codec: z.literal('VP8'),
  source: sizeSchema,
  width: pixels,
  height: pixels,
  kbps: z.int().min(1).max(100_000),
});
export type RoomRenditionOpening = z.infer<typeof roomRenditionOpeningSchema>;

/** Kinds of frames. A unit is as in a rendition feed (`renditionUnitHeader`), of track 0. */
export const ROOM_RENDITION_OPENING = 0;
export const ROOM_RENDITION_UNIT = 1;

/** Hash in Redis: the SD versions of a room that are being made, by producer. */
export const roomRenditionsKey = (roomId: string): string => `amphi:room-renditions:{${roomId}}`;
/** Renewed while one is made. */
export const ROOM_RENDITIONS_TTL_SECONDS = 15;

export const roomRenditionRecordSchema = z.object({
  width: pixels,
  height: pixels,
  kbps: z.int(),
  /** Milliseconds since the epoch. */
  since: z.int(),
  workerNode: z.string(),
});
export type RoomRenditionRecord = z.infer<typeof roomRenditionRecordSchema>;
