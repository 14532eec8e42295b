import { z } from 'zod';
import { agreedSchema, callEndSchema } from './calling.ts';
import { eventIdSchema, runIdSchema, sourceIdSchema } from './ids.ts';
import { surveyAnswerSchema } from './meeting.ts';
import { warningSchema } from './warning.ts';

/** An event's state as everybody sees it. */
export const eventStatusSchema = z.enum(['idle', 'live', 'interrupted', 'ended']);
export type EventStatus = z.infer<typeof eventStatusSchema>;

/** What the ingest node measures of a source, once a second. */
export const sourceHealthSchema = z
  .object({
    sourceId: sourceIdSchema,
    connected: z.boolean(),
    encoder: z.string().optional().describe('Encoder software as it names itself'),
    remoteAddress: z.string().optional(),
    connectedAt: z.number().optional(),
    video: z
      .object({
        codec: z.string(),
        width: z.number(),
        height: z.number(),
        fps: z.number(),
        bitsPerSecond: z.number(),
        gopSeconds: z.number().optional().describe('Distance of the latest key frames, in seconds'),
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
    driftMs: z
      .number()
      .describe('Media time minus wall time since the connection began, in milliseconds'),
    dropped: z
      .number()
      .describe('Access units that were thrown away: malformed, too late, or over a bound'),
    jumps: z.number().describe('Timestamp jumps that were mended'),
    advice: z
      .array(z.object({ code: z.string(), level: z.enum(['info', 'warn']), text: z.string() }))
      .describe('What to change on the encoder, in plain words, most urgent first'),
  })
  .meta({ id: 'SourceHealth' });
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

/**
 * What processes warn of about an event: a Redis hash from the warning's code
 * to this, for as long as it says.
 */
export const raisedWarningSchema = warningSchema
  .omit({ code: true })
  .extend({ until: z.number().describe('Milliseconds since the epoch') });
export const warningsKey = (eventId: string): string => `amphi:warnings:${eventId}`;

/** Says the id of an event whose settings or sources were changed, or which was deleted. */
export const EVENT_CHANGED_CHANNEL = 'amphi:event-changed';

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
  /** What the two sides of a call settled on, at its beginning and at each change. */
  z.object({
    type: z.literal('call.agreed'),
    callId: z.string(),
    at: z.number(),
    detail: agreedSchema,
  }),
  z.object({
    type: z.literal('call.ended'),
    callId: z.string(),
    at: z.number(),
    detail: callEndSchema,
  }),
  /** What somebody who has left a room said of it. */
  z.object({
    type: z.literal('meeting.rated'),
    meetingId: z.string(),
    participantId: z.string(),
    at: z.number(),
    rating: surveyAnswerSchema.shape.rating,
  }),
]);
export type BusEvent = z.infer<typeof busEventSchema>;
