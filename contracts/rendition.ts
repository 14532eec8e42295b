import { z } from 'zod';
import { renditionIdSchema, runIdSchema } from './ids.ts';

/**
 * Where the timeline is cut. Segment n begins at `n * segmentUs + phaseUs`
 * after the Unix epoch and has `partsPerSegment` parts of nominally equal
 * length, so every transcoder, started whenever and wherever, cuts alike.
 */
export const cutGridSchema = z.strictObject({
  segmentUs: z.int().min(500_000).max(10_000_000),
  phaseUs: z.int().min(0).max(10_000_000),
  partsPerSegment: z.int().min(1).max(20),
});
export type CutGrid = z.infer<typeof cutGridSchema>;

/** What the origin must know of a rendition to write its playlists. Sent with the push. */
export const renditionSchema = z.strictObject({
  renditionId: renditionIdSchema,
  runId: runIdSchema,
  kind: z.enum(['video', 'audio']),
  /** RFC 6381. */
  codecs: z.string().regex(/^[a-z0-9.]{4,32}(,[a-zA-Z0-9.]{4,32})?$/),
  width: z.int().min(0).max(16_384),
  height: z.int().min(0).max(16_384),
  frameRate: z.number().min(0).max(240),
  /** Target of all tracks together; stands in for measurements until there are some. */
  bitsPerSecond: z.int().min(1).max(200_000_000),
  /** Place in the ladder, 0 = best. */
  order: z.int().min(0).max(63),
  /** How many renditions this run has; a multivariant playlist waits for all of them. */
  ladderSize: z.int().min(1).max(64),
  grid: cutGridSchema,
});
export type Rendition = z.infer<typeof renditionSchema>;

/** Header of a push that carries the rendition as JSON. */
export const RENDITION_HEADER = 'amphi-rendition';

/** Header of a push: where the newest ends that its writer ever sent, in microseconds since the epoch. */
export const PUSH_NEWEST_HEADER = 'amphi-push-newest';

/** Where a pusher continues: the end of what the origin holds, in microseconds since the epoch. */
export const pushPositionSchema = z.object({
  /** Undefined when the origin has nothing of this run. */
  videoEndUs: z.number().optional(),
  audioEndUs: z.number().optional(),
});
export type PushPosition = z.infer<typeof pushPositionSchema>;
