import { z } from 'zod';
import { eventIdSchema, renditionIdSchema, runIdSchema } from './ids.ts';
import { cutGridSchema } from './rendition.ts';

export const TRANSCODE_QUEUE = 'amphi-transcode';

const frameRateSchema = z.strictObject({ num: z.int().min(1), den: z.int().min(1) });

export const jobRungSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('video'),
    name: renditionIdSchema,
    order: z.int(),
    width: z.int(),
    height: z.int(),
    fps: frameRateSchema,
    videoKbps: z.int(),
    audioKbps: z.int(),
    /** The source's pictures as they are, not encoded again. */
    copy: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('audio'),
    name: renditionIdSchema,
    order: z.int(),
    audioKbps: z.int(),
  }),
]);
export type JobRung = z.infer<typeof jobRungSchema>;

/** A live job: one program feed into one group of rungs, until the program ends. */
export const transcodeJobSchema = z.strictObject({
  eventId: eventIdSchema,
  runId: runIdSchema,
  /** The group's number within the run; with the run it names the job. */
  group: z.int().min(0),
  rungs: z.array(jobRungSchema).min(1),
  /** Rungs of all groups together. */
  ladderSize: z.int().min(1),
  grid: cutGridSchema,
  /** Also makes the pictures of the storyboard and the poster. */
  thumbnails: z.boolean(),
  /** Viewers over WebRTC get what is made, too: with key frames a second apart at most. */
  ultra: z.boolean().default(false),
});
export type TranscodeJob = z.infer<typeof transcodeJobSchema>;

export const transcodeJobId = (job: Pick<TranscodeJob, 'eventId' | 'runId' | 'group'>): string =>
  `${job.eventId}.${job.runId}.${job.group}`;

/** Header of a program feed: microseconds since the epoch at its timestamp 0. */
export const FEED_BASE_HEADER = 'amphi-feed-base';
/** Header of a program feed: the ingest node's clock when it answered, in microseconds since the epoch. */
export const FEED_CLOCK_HEADER = 'amphi-feed-clock';
