import { z } from 'zod';
import { fileIdSchema } from './files.ts';
import { eventIdSchema } from './ids.ts';
import { displayNameSchema, participantIdSchema } from './meeting.ts';
import { stageLayoutSchema } from './stage.ts';
import { textSchema } from './text.ts';

/**
 * What a client says on `ws(s)://HOST/signal/meetings/{meetingId}?token=...`:
 * JSON objects in text frames of at most 256 KiB. `docs/signaling.md` tells the
 * whole protocol. Unknown fields are refused by name. What the server says is
 * in `signaling-server.ts`.
 */

/** The call server as a peer. */
export const CALL_SERVER_ID = 'callserver';
/** A client may be away for so long and resume with nothing lost. */
export const RESUME_WITHIN_MS = 30_000;
/** The server closes with these; 1008 is a flood, 1009 too large a frame. */
export const CLOSE_CODES = {
  /** Come again and resume. RFC 6455's registry: service restart. */
  restart: 1012,
  /** Another connection of the same participant has taken over. */
  replaced: 4001,
  removed: 4003,
  ended: 4004,
  /** Of an account: the session by which the socket was opened is over. */
  signedOut: 4005,
  /** Too much was waiting to be read: come again and resume. */
  slow: 4008,
  /** No `join` or `resume` came in time, or it was refused. */
  notJoined: 4010,
} as const;

/** What one person sends. Camera and microphone are `video` and `audio` where people speak of muting. */
export const roomMediaSchema = z.enum(['camera', 'microphone', 'screen', 'screen-audio']);
export type RoomMedia = z.infer<typeof roomMediaSchema>;
export const mediaTypeSchema = z.enum(['audio', 'video', 'screen', 'screen-audio']);
export type MediaType = z.infer<typeof mediaTypeSchema>;

/** Of the client's own choosing; the `ok` or `error` carries it back. A repeated one is not done twice. */
const ref = z.string().min(1).max(64).optional();
/** With what stands around it, it fits into a frame. */
const sdp = z.string().min(1).max(240_000);
/** Names a sender's RTCPeerConnection, so that what belongs to an earlier one can be told apart. */
const connection = z.string().min(1).max(64).optional();
/** Which section (`a=mid`) of the description carries what. */
export const labelsSchema = z
  .record(z.string().min(1).max(32), roomMediaSchema)
  .refine((labels) => Object.keys(labels).length <= 64, 'at most 64 sections');
export const purposeSchema = z.enum(['send', 'receive']);
const peer = z.union([participantIdSchema, z.literal(CALL_SERVER_ID)]);

/** `RTCIceCandidateInit`; null says that there are no more. */
export const candidateSchema = z
  .strictObject({
    candidate: z.string().max(1_000),
    sdpMid: z.string().max(32).nullish(),
    sdpMLineIndex: z.int().min(0).max(255).nullish(),
    usernameFragment: z.string().max(256).nullish(),
  })
  .nullable();
export type Candidate = z.infer<typeof candidateSchema>;

const codecs = z.array(z.string().min(1).max(40)).max(32);
/** What a device can do. */
export const capabilitiesSchema = z.strictObject({
  /** MIME types of what it can send and receive, best first, e.g. `video/VP8`. */
  audioCodecs: codecs.optional(),
  videoCodecs: codecs.optional(),
  maxWidth: z.int().min(0).max(16_384).optional(),
  maxHeight: z.int().min(0).max(16_384).optional(),
  /** Bits per second, as far as known. */
  uplink: z.number().min(0).optional(),
  downlink: z.number().min(0).optional(),
  device: z.enum(['desktop', 'mobile', 'tablet', 'other']).optional(),
});
export type Capabilities = z.infer<typeof capabilitiesSchema>;

const chatLengthSchema = textSchema.max(4_000);
export const chatTextSchema = chatLengthSchema.min(1);
export const messageIdSchema = z.string().regex(/^[0-9a-hjkmnp-tv-z]{16}$/);
export const pollIdSchema = z.string().regex(/^[0-9a-hjkmnp-tv-z]{12}$/);
/** One emoji, or what takes the place of one. */
const emoji = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[^\0<>&\s]*$/);
export const breakoutIdSchema = z.string().regex(/^[0-9a-hjkmnp-tv-z]{8}$/);
const somebody = { participantId: participantIdSchema };

const say = <Type extends string, Shape extends z.ZodRawShape = Record<never, never>>(
  type: Type,
  shape: Shape = {} as Shape,
) => z.strictObject({ type: z.literal(type), ref, ...shape });

/** Getting in, staying in, getting out. */
const session = [
  /** The first message. `audio` and `video`: whether microphone and camera are on. */
  say('join', {
    participantId: participantIdSchema,
    capabilities: capabilitiesSchema.default({}),
    audio: z.boolean().default(false),
    video: z.boolean().default(false),
  }),
  /**
   * The first message on a new socket after the old one broke: `sequence` is
   * that of the last message received, `resumeKey` that of `welcome` or
   * `waiting`. What was missed comes again; where it is not kept any more, a
   * new `welcome` with `resumed: false` says how things stand.
   */
  say('resume', {
    participantId: participantIdSchema,
    resumeKey: z.string().min(1).max(64),
    sequence: z.int().min(0),
  }),
  /** Goes for good; the socket closes with 1000. */
  say('leave'),
  /** Answered by `pong` with the same number. */
  say('ping', { sent: z.number() }),
  say('rename', { displayName: displayNameSchema }),
] as const;

/** Media: descriptions, candidates, what is on, what is wanted. */
const media = [
  /**
   * To a participant: relayed (perfect negotiation: whose id is the smaller one
   * is polite). To `callserver`: `purpose` says which of the two sessions, and
   * `labels` what is sent; answered by `answer {from: 'callserver', purpose}`.
   * Only clients make offers to it.
   */
  say('offer', {
    to: peer,
    sdp,
    purpose: purposeSchema.optional(),
    labels: labelsSchema.optional(),
    connection,
  }),
  say('answer', { to: participantIdSchema, sdp, labels: labelsSchema.optional(), connection }),
  say('ice-candidate', { to: peer, candidate: candidateSchema, connection }),
  /** `audio` and `video` are microphone and camera; of a screen: its share begins (`unmute`) or ends. */
  say('mute', { mediaType: mediaTypeSchema }),
  say('unmute', { mediaType: mediaTypeSchema }),
  /** How large a picture is shown, in device pixels; 0 × 0: not at all. Of sound: 0 × 0, or anything else. */
  say('want', {
    participantId: participantIdSchema,
    media: roomMediaSchema,
    width: z.int().min(0).max(16_384),
    height: z.int().min(0).max(16_384),
  }),
  /**
   * How media does, when it changes and every ten seconds: by it is decided
   * which way media goes. A path has failed when ICE has given up on it.
   */
  say('report', {
    /** Bits per second that the way out bears, as the sender estimates. */
    uplink: z.number().min(0).max(1e12).optional(),
    cpuLimited: z.boolean().optional(),
    peers: z
      .array(
        z.strictObject({
          participantId: participantIdSchema,
          state: z.enum(['connecting', 'connected', 'failed']),
          roundTripMs: z.number().min(0).max(60_000).optional(),
          /** Share of packets lost, 0 to 1. */
          loss: z.number().min(0).max(1).optional(),
        }),
      )
      .max(100)
      .default([]),
  }),
] as const;

/** Words, hands, polls. */
const social = [
  /**
   * To all, or to one; acknowledged once it is kept. The `ok` carries `messageId`.
   * With `fileId`, a file that the same person has uploaded, there may be no words.
   */
  say('chat', {
    message: chatLengthSchema,
    fileId: fileIdSchema.optional(),
    to: participantIdSchema.optional(),
    replyTo: messageIdSchema.optional(),
  }),
  /** One's own only. */
  say('chat-edit', { messageId: messageIdSchema, message: chatTextSchema }),
  /** One's own; hosts any. */
  say('chat-delete', { messageId: messageIdSchema }),
  /** `on: false` takes it back. */
  say('chat-react', { messageId: messageIdSchema, emoji, on: z.boolean().default(true) }),
  /** Answered by `chat-history`: those before `before`, or the newest. */
  say('chat-history', {
    before: messageIdSchema.optional(),
    limit: z.int().min(1).max(100).default(50),
  }),
  say('hand-raise'),
  /** One's own; hosts also another's. */
  say('hand-lower', { participantId: participantIdSchema.optional() }),
  say('reaction', { emoji }),
  /** Hosts. */
  say('poll-create', {
    question: textSchema.min(1).max(300),
    options: z.array(textSchema.min(1).max(120)).min(2).max(10),
    multiple: z.boolean().default(false),
  }),
  /** Indices of the options chosen; a later vote replaces an earlier one. */
  say('poll-vote', { pollId: pollIdSchema, options: z.array(z.int().min(0).max(9)).max(10) }),
  /** Hosts. */
  say('poll-close', { pollId: pollIdSchema }),
] as const;

/** What hosts and co-hosts do. Anybody else gets `forbidden`. */
const host = [
  say('admit', somebody),
  say('admit-all'),
  say('deny', somebody),
  say('lock', { locked: z.boolean() }),
  say('mute-participant', somebody),
  say('mute-all'),
  say('ask-to-unmute', somebody),
  /** The camera, or the share of a screen. */
  say('stop-video', { ...somebody, mediaType: z.enum(['video', 'screen']).default('video') }),
  say('remove', somebody),
  /** Removes, and does not let the same account or browser come in again. */
  say('ban', somebody),
  /** Hosts only. */
  say('make-host', somebody),
  say('make-cohost', somebody),
  /** Takes rights away; from a host or co-host only hosts may. A `viewer` does not send. */
  say('make-participant', { ...somebody, role: z.enum(['participant', 'viewer']) }),
  /** Hosts only: the meeting is over for all. */
  say('end'),
  /**
   * Hosts only: makes the room a camera of an event; again, to change how people
   * stand there. `streamKey` is that of one of its sources. With `open`, viewers
   * of the event are shown the way into the room.
   */
  say('stage-enter', {
    eventId: eventIdSchema,
    streamKey: z.string().min(16).max(200),
    layout: stageLayoutSchema.default('grid'),
    open: z.boolean().default(false),
  }),
  /** Hosts only. */
  say('stage-update', { layout: stageLayoutSchema.optional(), open: z.boolean().optional() }),
  /** Hosts only. */
  say('stage-leave'),
  /** Opens breakout rooms by name and people; `spread` puts everybody else into them by turns. */
  say('breakout-open', {
    rooms: z
      .array(
        z.strictObject({
          name: textSchema.min(1).max(60),
          participantIds: z.array(participantIdSchema).max(500).default([]),
        }),
      )
      .min(1)
      .max(50),
    spread: z.boolean().default(false),
    /** They close by themselves after so many seconds. */
    seconds: z.int().min(10).max(86_400).optional(),
  }),
  /** Moves somebody; null: back to the main room. */
  say('breakout-assign', { ...somebody, breakoutId: breakoutIdSchema.nullable() }),
  /** A chat message to all rooms. */
  say('breakout-broadcast', { message: chatTextSchema }),
  /** Calls everybody back. */
  say('breakout-close'),
] as const;

export const clientMessageSchema = z.discriminatedUnion('type', [
  ...session,
  ...media,
  ...social,
  ...host,
]);
/** As the server has it, defaults filled in. */
export type ClientMessage = z.output<typeof clientMessageSchema>;
/** What a client says of its media. */
export type MediaReport = Omit<Extract<ClientMessage, { type: 'report' }>, 'type' | 'ref'>;
/** As a client writes it. */
export type ClientMessageInput = z.input<typeof clientMessageSchema>;
