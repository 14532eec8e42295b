import { z } from 'zod';
import { eventIdSchema, runIdSchema, sourceIdSchema } from './ids.ts';

/** An event's state as everybody sees it. */
export const eventStatusSchema = z.enum(['idle', 'live', 'interrupted', 'ended']);
export type EventStatus = z.infer<typeof eventStatusSchema>;

/** What the ingest node measures of a source, once a second. */
export const sourceHealthSchema = z.object({
  sourceId: sourceIdSchema,
  connected: z.boolean(),
  /** Encoder software as it names itself. */
  encoder: z.string().optional(),
  remoteAddress: z.string().optional(),
  connectedAt: z.number().optional(),
  video: z
    .object({
      codec: z.string(),
      width: z.number(),
      height: z.number(),
      fps: z.number(),
      bitsPerSecond: z.number(),
      /** Distance of the latest key frames, in seconds. */
      gopSeconds: z.number().optional(),
      bFrames: z.boolean(),
    })
    .optional(),
  audio: z
    .object({
      codec: z.string(),
      sampleRate: z.number(),
      channels: z.number(),
      bitsPerSecond: z.number(),
    })
    .optional(),
  /** Media time minus wall time since the connection began, in milliseconds. */
  driftMs: z.number(),
  /** Access units that were thrown away: malformed, too late, or over a bound. */
  dropped: z.number(),
  /** Timestamp jumps that were mended. */
  jumps: z.number(),
  /** Plain-language advice, most urgent first. */
  advice: z.array(
    z.object({ code: z.string(), level: z.enum(['info', 'warn']), text: z.string() }),
  ),
});
export type SourceHealth = z.infer<typeof sourceHealthSchema>;

/**
 * What is going on with an event now. Written by the ingest node that holds
 * the event, kept in Redis under `liveKey` with a time to live, announced on
 * `LIVE_CHANNEL` at every change.
 */
export const liveStateSchema = z.object({
  eventId: eventIdSchema,
  /** Grows with every change; a state with a smaller version is old. */
  version: z.number(),
  status: eventStatusSchema,
  title: z.string(),
  visibility: z.enum(['public', 'unlisted', 'private']),
  dvrSeconds: z.number(),
  runId: runIdSchema.optional(),
  /** Milliseconds since the epoch when the run began. */
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  /** The source on air; the slate when undefined while live. */
  onAir: sourceIdSchema.optional(),
  sources: z.array(sourceHealthSchema),
});
export type LiveState = z.infer<typeof liveStateSchema>;

export const LIVE_CHANNEL = 'amphi:live';
export const liveKey = (eventId: string): string => `amphi:live:${eventId}`;
export const LIVE_TTL_SECONDS = 15;

/** Append-only record of what happened, for whoever keeps books (API, analytics). */
export const BUS_STREAM = 'amphi:bus';
export const BUS_MAX_LENGTH = 10_000;

export const busEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('program.started'),
    eventId: eventIdSchema,
    runId: runIdSchema,
    at: z.number(),
  }),
  z.object({
    type: z.literal('program.ended'),
    eventId: eventIdSchema,
    runId: runIdSchema,
    at: z.number(),
    reason: z.enum(['host', 'timeout', 'shutdown']),
  }),
  z.object({
    type: z.literal('source.connected'),
    eventId: eventIdSchema,
    sourceId: sourceIdSchema,
    at: z.number(),
  }),
  z.object({
    type: z.literal('source.disconnected'),
    eventId: eventIdSchema,
    sourceId: sourceIdSchema,
    at: z.number(),
    reason: z.string(),
  }),
]);
export type BusEvent = z.infer<typeof busEventSchema>;
