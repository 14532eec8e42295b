import { z } from 'zod';
import { displayNameSchema, joinedMeetingSchema, meetingIdSchema } from './meeting.ts';
import { presenceSchema, userIdSchema } from './people.ts';
import { capabilitiesSchema } from './signaling.ts';

/**
 * Calls between two users, and their presence: on `ws(s)://HOST/signal/user?token=...`,
 * JSON in text frames of at most 256 KiB. A call that is accepted goes on in a
 * meeting of its own: both get what `POST /api/meetings/{meetingId}/join` answers.
 */

/** How long the other one's devices ring. */
export const RING_MS = 30_000;

const callId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{16}$/);
const callMedia = z.enum(['audio', 'video', 'screen']);
const ref = z.string().min(1).max(64).optional();
const ask = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ref, ...shape });

/** Answered by `ok {ref}` or `error {code, message, ref}`. */
export const callMessageSchema = z.discriminatedUnion('type', [
  /** Rings every device of a contact; the `ok` carries `callId`. */
  ask('call', {
    to: userIdSchema,
    media: callMedia,
    capabilities: capabilitiesSchema.default({}),
  }),
  /** The first device that says so has the call. */
  ask('accept', { callId, capabilities: capabilitiesSchema.default({}) }),
  ask('decline', { callId }),
  /** By who calls, while it rings. */
  ask('cancel', { callId }),
  ask('hang-up', { callId }),
  /** A device or its network bears something else than before: both are told what holds now. */
  ask('capabilities', { callId, capabilities: capabilitiesSchema }),
  /** Missed calls were seen: they are not told of again. */
  ask('missed-seen', {}),
  ask('ping', { sent: z.number() }),
]);
export type CallMessage = z.output<typeof callMessageSchema>;
export type CallMessageInput = z.input<typeof callMessageSchema>;

/** What both sides bear: of each kind what the weaker one can. */
export const agreedSchema = z.object({
  /** In the caller's order; empty when neither or only one has said. */
  audioCodecs: z.array(z.string()),
  videoCodecs: z.array(z.string()),
  maxWidth: z.number().optional(),
  maxHeight: z.number().optional(),
  /** Bits per second from the caller to the callee, and back. */
  forward: z.number().optional(),
  backward: z.number().optional(),
});
export type Agreed = z.infer<typeof agreedSchema>;

export const callEndSchema = z.enum([
  'declined',
  'busy',
  'no-answer',
  'unavailable',
  'cancelled',
  'answered-elsewhere',
  'hung-up',
]);
export type CallEnd = z.infer<typeof callEndSchema>;

const missedCallSchema = z.object({
  callId,
  from: userIdSchema,
  displayName: displayNameSchema,
  media: callMedia,
  /** Milliseconds since the epoch. */
  at: z.number(),
});
export type MissedCall = z.infer<typeof missedCallSchema>;

const say = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

export const callEventSchema = z.discriminatedUnion('type', [
  say('ok', { ref: z.string(), callId: callId.optional() }),
  say('error', { code: z.string(), message: z.string(), ref: z.string().optional() }),
  say('pong', { sent: z.number(), serverTime: z.number() }),
  /** First of all: accepted contacts, and the calls that were missed. */
  say('hello', {
    userId: userIdSchema,
    contacts: z.array(z.object({ userId: userIdSchema, presence: presenceSchema })),
    missed: z.array(missedCallSchema),
  }),
  say('presence', { userId: userIdSchema, presence: presenceSchema }),
  /** To who calls: so many devices ring. */
  say('ringing', { callId }),
  say('incoming-call', {
    callId,
    from: userIdSchema,
    displayName: displayNameSchema,
    media: callMedia,
    capabilities: capabilitiesSchema,
  }),
  /** To both: the room in which the call goes on. */
  say('call-accepted', {
    callId,
    agreed: agreedSchema,
    room: joinedMeetingSchema.omit({ status: true }).extend({ meetingId: meetingIdSchema }),
  }),
  say('call-agreed', { callId, agreed: agreedSchema }),
  say('call-ended', { callId, reason: callEndSchema }),
  say('call-missed', missedCallSchema.shape),
]);
export type CallEvent = z.infer<typeof callEventSchema>;
