import { z } from 'zod';
import { directMessageIdSchema, directMessageSchema, directTextSchema } from './direct.ts';
import { displayNameSchema, joinedMeetingSchema, meetingIdSchema } from './meeting.ts';
import { pictureSchema, presenceSchema, userIdSchema } from './people.ts';
import { capabilitiesSchema } from './signaling.ts';

/**
 * Calls between two users, their presence, and what they write to each other: on `ws(s)://HOST/signal/user?token=...`,
 * JSON in text frames of at most 256 KiB. A call that is accepted goes on in a
 * meeting of its own: both get what `POST /api/meetings/{meetingId}/join` answers.
 */

const callId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{16}$/);
const callMedia = z.enum(['audio', 'video', 'screen']);
export type CallMedia = z.infer<typeof callMedia>;
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
  /** To a contact. It comes to all devices of both as `message`; the `ok` carries `messageId`. */
  ask('message', { to: userIdSchema, message: directTextSchema }),
  /** The newest ones with somebody, or those before that one: answered by `message-history`. */
  ask('message-history', { with: userIdSchema, before: directMessageIdSchema.optional() }),
  /** What somebody has written was read. */
  ask('messages-seen', { with: userIdSchema }),
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
  picture: pictureSchema,
  media: callMedia,
  /** Milliseconds since the epoch. */
  at: z.number(),
});
export type MissedCall = z.infer<typeof missedCallSchema>;

/** A call that is over, as `GET /api/calls` lists it to one of its two sides. */
export const pastCallSchema = z
  .object({
    callId,
    direction: z.enum(['in', 'out']),
    userId: userIdSchema.describe('The other side'),
    displayName: z.string(),
    picture: pictureSchema,
    media: callMedia,
    outcome: callEndSchema.or(z.literal('missed')),
    at: z.number().describe('Milliseconds since the epoch'),
    seen: z.boolean().describe('False for a missed call that was not seen yet'),
  })
  .meta({ id: 'PastCall' });
export type PastCall = z.infer<typeof pastCallSchema>;
export const pastCallListSchema = z.object({
  items: z.array(pastCallSchema),
  cursor: z.string().optional().describe('Pass it as `cursor` for the next page'),
});

const say = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

export const callEventSchema = z.discriminatedUnion('type', [
  say('ok', {
    ref: z.string(),
    callId: callId.optional(),
    messageId: directMessageIdSchema.optional(),
  }),
  say('error', { code: z.string(), message: z.string(), ref: z.string().optional() }),
  say('pong', { sent: z.number(), serverTime: z.number() }),
  /** First of all: accepted contacts, the calls that were missed, and what was not read. */
  say('hello', {
    userId: userIdSchema,
    contacts: z.array(z.object({ userId: userIdSchema, presence: presenceSchema })),
    missed: z.array(missedCallSchema),
    /** How much of whom was not read yet. */
    unread: z.array(z.object({ userId: userIdSchema, count: z.number() })),
  }),
  /** Somebody asked, accepted or ended being a contact, or looks different now: `GET /api/contacts` has it. */
  say('contacts-changed', {}),
  say('presence', { userId: userIdSchema, presence: presenceSchema }),
  /** To who calls: so many devices ring. */
  say('ringing', { callId }),
  say('incoming-call', {
    callId,
    from: userIdSchema,
    displayName: displayNameSchema,
    picture: pictureSchema,
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
  say('message', directMessageSchema.shape),
  /** Oldest first; `more`: there are older ones. */
  say('message-history', {
    with: userIdSchema,
    messages: z.array(directMessageSchema),
    more: z.boolean(),
    before: directMessageIdSchema.optional(),
  }),
  /** To one's own devices. */
  say('messages-seen', { with: userIdSchema }),
]);
export type CallEvent = z.infer<typeof callEventSchema>;
