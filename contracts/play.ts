import { z } from 'zod';
import { eventIdSchema, runIdSchema } from './ids.ts';
import { eventStatusSchema } from './live.ts';

/**
 * `GET /hls/{eventId}/status.json?after={version}`: what a watch page shows
 * beside the picture. The answer waits until the version has passed `after`,
 * so a thousand viewers behind one relay are one question to the origin.
 */
export const viewerStatusSchema = z.object({
  eventId: eventIdSchema,
  version: z.number(),
  status: eventStatusSchema,
  title: z.string(),
  runId: runIdSchema.optional(),
  /** Milliseconds since the epoch. */
  startedAt: z.number().optional(),
  /** People watching, all edges together. */
  viewers: z.number(),
  dvrSeconds: z.number(),
});
export type ViewerStatus = z.infer<typeof viewerStatusSchema>;

/**
 * Header of every answer under `/hls/`: the server's time when it was sent, in
 * milliseconds since the epoch. Players tell their clock's offset by it.
 */
export const TIME_HEADER = 'amphi-time';
