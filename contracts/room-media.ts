import { z } from 'zod';
import { eventIdSchema, sourceIdSchema } from './ids.ts';
import { publishCredentialSchema } from './internal.ts';
import { MAX_CAST, stageLayoutSchema } from './stage.ts';

/**
 * A room's media on a call-server node, as its owner elsewhere (a signalling
 * node) speaks of it. HTTP between nodes with a node token, as all of
 * `internal.ts`; `RoomMedia` of the platform is its client.
 *
 * - `GET /rooms` on a node of role `callserver`: `roomNodeLoadSchema`, to choose one.
 * - `POST /rooms/{roomId}/{command}`: one of `ROOM_COMMANDS`, its input with the
 *   owner's `fence` as body, its output as answer. The first is `open`.
 * - `GET /rooms/{roomId}/notices?fence=&incarnation=&after=`: what happens, as
 *   lines of JSON (`roomNoticeLineSchema`), from the one after number `after` on.
 *   While nothing happens an empty line comes every `ROOM_BEAT_MS`.
 *
 * **Who may command.** Each owner of a room has a fencing number greater than the
 * one before. A command or a stream with a smaller one than was seen gets
 * `stale_fence`, and a stream with a greater one ends the older. A room whose owner has neither a
 * stream open nor sends a command for `ROOM_LEASE_MS` is closed.
 *
 * **Sessions.** A session is one WebRTC transport of one participant, in one
 * direction: *sending* or *receiving*. The client always makes the offer, at the
 * beginning and each time something is to change; sections keep their mids
 * (RFC 8829), and there is never an offer from the server. Packets that flow are
 * not touched by it. An answer holds all candidates; the client's need not be
 * told. An offer with other ICE credentials restarts ICE (RFC 8839 4.4.1.1.1): the
 * answer has another transport, to which the client makes a new DTLS association,
 * and what flows goes on. A session ends when it is closed, or when its peer was
 * silent for 5 s (12 s when it only hears), or did not connect within 30 s; who
 * wants to go on begins another one. An offer of another RTCPeerConnection, which
 * has another certificate, is refused with \`ice_restart_unsupported\`.
 *
 * - *Sending*: `labels` says what the section of each mid is. A section that
 *   sends becomes a producer; a section that no longer does (inactive, recvonly,
 *   port 0) ends its producer. A replaced track needs no offer. Muting for a
 *   while needs none either (`track.enabled`).
 * - *Receiving*: the client offers as many recvonly sections of each kind as it
 *   may need (at least one, so that ICE and DTLS are done before there is anything
 *   to receive), and says which producers it wants. Each gets a section; what has
 *   one already keeps it; a section whose producer is wanted no more or has gone
 *   is answered `inactive` and given to another one later. So there are never more
 *   sections than were wanted at once. `left` tells what found no place, and why:
 *   for `section`, add one of its kind and offer again.
 *
 * **When a worker process dies**, the room's sessions and producers have gone: the
 * notice is `lost`. Within a second or so comes `ready` with a new generation:
 * then every client begins anew. A room that is spread over several workers loses
 * only the sessions of the one: each is `closed` by `lost`. When a node dies, the
 * stream ends and cannot be had again: `RoomMedia` opens the room on another node
 * and says `lost` and `ready` itself.
 */

/**
 * The label of a data channel that carries a pointer on a shared screen. The page
 * opens it on its sending session, unordered and without retransmission, with the
 * id of whose screen it is as `protocol`. Who sees that screen gets a channel of the
 * same label on the receiving session, with the ids of who points and of whose
 * screen it is, and a space between. In a direct connection it is the same
 * channel at both ends.
 */
export const POINTER_CHANNEL = 'pointer';
/** How long a room lives on without its owner. */
export const ROOM_LEASE_MS = 30_000;
/** How often a stream of notices says that it is alive. */
export const ROOM_BEAT_MS = 2_000;
/** So many notices are kept for an owner that comes back; who is further behind gets `gap`. */
export const ROOM_NOTICES_KEPT = 2_048;
export const ROOM_STATS_MS = 2_000;
/** Sessions that send, and such that receive, together. */
export const MAX_ROOM_SESSIONS = 1_200;
/** Sections of an offer to send, that of data channels among them; one more is refused with `limit_exceeded`. */
export const MAX_SENDING_SECTIONS = 16;
/** Sections of an offer to receive, that of data channels among them. Ask for few codecs in each: an offer has 256 KiB at most. */
export const MAX_RECEIVING_SECTIONS = 96;
export const MAX_OFFER_CHARACTERS = 256 * 1024;
/** Those who speak, in a notice. */
export const MAX_SPEAKERS = 8;
const MAX_CODECS = 8;
const MAX_PIXELS = 16_384;
const MAX_PRIORITY = 100;

const opaqueId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _, -');
export const roomIdSchema = opaqueId;
const participantId = opaqueId;
const sessionId = opaqueId;
const producerId = opaqueId;
/** RFC 5888 4. */
const mid = z.string().min(1).max(64);
const offer = z.string().min(1).max(MAX_OFFER_CHARACTERS);

export const mediaLabelSchema = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);
export type MediaLabel = z.infer<typeof mediaLabelSchema>;
const labels = z.record(mid, mediaLabelSchema);

export const roomCodecSchema = z.enum(['opus', 'VP8', 'VP9', 'H264', 'AV1']);
export type RoomCodec = z.infer<typeof roomCodecSchema>;

/** What somebody sends. */
export const roomProducerSchema = z.object({
  producerId,
  sessionId,
  participantId,
  mid,
  label: mediaLabelSchema,
  kind: z.enum(['audio', 'video']),
  codec: roomCodecSchema,
  /** By the room, with `pause-producer`. */
  paused: z.boolean(),
});
export type RoomProducer = z.infer<typeof roomProducerSchema>;

/** Of a session that receives: which producer a section of its description has. */
export const placedSchema = z.object({ mid, producerId });
export type Placed = z.infer<typeof placedSchema>;

/** What was wanted and has no place: no section is free, no codec is in common, or it is not there (any more). */
export const leftOutSchema = z.object({
  producerId,
  why: z.enum(['section', 'codec', 'gone']),
});
export type LeftOut = z.infer<typeof leftOutSchema>;

const sendingAnswer = z.object({
  sessionId,
  answer: z.string(),
  /** All that this session sends now. */
  producers: z.array(roomProducerSchema),
});
const receivingAnswer = z.object({
  sessionId,
  answer: z.string(),
  sections: z.array(placedSchema),
  left: z.array(leftOutSchema),
});

export const roomSessionSchema = z.object({
  sessionId,
  participantId,
  direction: z.enum(['sending', 'receiving']),
  connected: z.boolean(),
});
export type RoomSession = z.infer<typeof roomSessionSchema>;

/** How it goes with one session. Bits per second, headers included; fractions from 0 to 1. */
export const sessionSummarySchema = z.object({
  sessionId,
  /** What comes in from a session that sends; what is forwarded to one that receives. */
  bitsPerSecond: z.number(),
  /** Lost before repair since the last summary. */
  fractionLost: z.number(),
  /** 0 when not known. */
  rttMs: z.number(),
  /** Towards a receiver: what the path bears; null when not known. */
  estimate: z.number().nullable(),
  /** Towards a receiver: what it could use. */
  wanted: z.number(),
  /** Towards a receiver: how long packets wait in the queues of the path. */
  queueMs: z.number(),
});
export type SessionSummary = z.infer<typeof sessionSummarySchema>;

const nothing = z.object({});

/** Inputs and outputs of `POST /rooms/{roomId}/{command}`. */
export const ROOM_COMMANDS = {
  /** Makes the room or takes it up again; renews the lease. Throws `unavailable` when no worker is up, `stale_fence`. */
  open: {
    input: z.strictObject({}),
    output: z.object({
      /** Names this life of the room on this node: another one knows nothing of it. */
      incarnation: z.string(),
      /** Grows each time its sessions were lost. */
      generation: z.int(),
      /** False while another worker is being found. */
      ready: z.boolean(),
      /** The number of the latest notice. */
      latest: z.int(),
      sessions: z.array(roomSessionSchema),
      producers: z.array(roomProducerSchema),
    }),
  },
  /** Ends the room and all sessions. */
  close: { input: z.strictObject({}), output: nothing },
  /**
   * Begins a session that sends. Throws `bad_request` for what is no description
   * and for a section that sends without a label or with one of another kind,
   * `not_acceptable` when nothing can be agreed on, `limit_exceeded`, `too_many`.
   */
  send: {
    input: z.strictObject({
      participantId,
      offer,
      labels,
      /** What may be used, best first; what everybody in the room decodes. `VP8` and `opus` when left out. */
      codecs: z.array(roomCodecSchema).min(1).max(MAX_CODECS).optional(),
    }),
    output: sendingAnswer,
  },
  /** A further offer of a session that sends. When it throws, everything stays as it was. */
  'renegotiate-sending': {
    input: z.strictObject({
      sessionId,
      offer,
      labels,
      codecs: z.array(roomCodecSchema).min(1).max(MAX_CODECS).optional(),
    }),
    output: sendingAnswer,
  },
  /** Begins a session that receives; of nothing, perhaps. */
  receive: {
    input: z.strictObject({
      participantId,
      offer,
      /** Most important first: they get the sections when there are too few. */
      wanted: z.array(producerId).max(MAX_RECEIVING_SECTIONS),
    }),
    output: receivingAnswer,
  },
  /** A further offer of a session that receives, or the same offer with other wishes. */
  'renegotiate-receiving': {
    input: z.strictObject({
      sessionId,
      offer,
      wanted: z.array(producerId).max(MAX_RECEIVING_SECTIONS),
    }),
    output: receivingAnswer,
  },
  /**
   * How large a picture is shown, in pixels (0 × 0: not now; left out: as large as it comes), its
   * share of the path next to others, and whether it is to come at all. Throws
   * `not_found` for what the session does not receive.
   */
  want: {
    input: z.strictObject({
      sessionId,
      producerId,
      priority: z.int().min(1).max(MAX_PRIORITY).default(1),
      width: z.int().min(0).max(MAX_PIXELS).optional(),
      height: z.int().min(0).max(MAX_PIXELS).optional(),
      paused: z.boolean().default(false),
    }),
    output: nothing,
  },
  /** Stops a producer for everybody, or lets it go on: how a host mutes somebody for good. */
  'pause-producer': {
    input: z.strictObject({ producerId, paused: z.boolean() }),
    output: nothing,
  },
  /**
   * Makes the room a camera of an event, or changes who is shown, in which order:
   * with `speaker` the first one is large. Throws what a publisher is told:
   * `unauthorized`, `event_not_found`, `source_not_found`, `source_busy`, `conflict`.
   */
  stage: {
    input: z.strictObject({
      eventId: eventIdSchema,
      sourceId: sourceIdSchema.optional(),
      /** Of the source. */
      credential: publishCredentialSchema,
      layout: stageLayoutSchema,
      people: z.array(z.strictObject({ participantId, name: z.string().max(200) })).max(MAX_CAST),
    }),
    output: z.object({ eventId: eventIdSchema, sourceId: sourceIdSchema }),
  },
  'leave-stage': { input: z.strictObject({}), output: nothing },
  'close-session': { input: z.strictObject({ sessionId }), output: nothing },
  /** All that is known of one session, for diagnosis; its shape is the call server's. */
  stats: {
    input: z.strictObject({ sessionId }),
    output: z.record(z.string(), z.unknown()),
  },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>;

export type RoomCommand = keyof typeof ROOM_COMMANDS;
/** As it is written by who sends it. */
export type RoomCommandInput<Name extends RoomCommand> = z.input<
  (typeof ROOM_COMMANDS)[Name]['input']
>;
export type RoomCommandOutput<Name extends RoomCommand> = z.infer<
  (typeof ROOM_COMMANDS)[Name]['output']
>;

/** The body of a command. */
export const roomCommandBodySchema = z.strictObject({
  /** The owner's fencing number. */
  fence: z.int().min(0),
  input: z.unknown(),
});

export const roomNoticeSchema = z.discriminatedUnion('notice', [
  /** Sessions can be begun: the first one, or after `lost`. */
  z.object({ notice: z.literal('ready'), generation: z.int() }),
  /** All sessions and producers have gone with their worker; no notice tells of each. */
  z.object({ notice: z.literal('lost') }),
  z.object({ notice: z.literal('connected'), sessionId }),
  /**
   * By its peer, because nothing was heard of it, by `close-session`, or because its
   * worker died. Its producers were told of before. Unless it was the owner's wish,
   * the client may begin another one at once.
   */
  z.object({
    notice: z.literal('closed'),
    sessionId,
    participantId,
    reason: z.enum(['closed', 'silent', 'owner', 'lost']),
  }),
  z.object({ notice: z.literal('producer-added'), producer: roomProducerSchema }),
  z.object({ notice: z.literal('producer-removed'), producerId, participantId }),
  /** What a receiver gets of a simulcast picture: 0 is the lowest; -1 nothing, for want of room on its path. */
  z.object({ notice: z.literal('layer'), sessionId, producerId, rank: z.int() }),
  /**
   * Who speaks, at each change: the one who dominates first, the others by how
   * loud they are. Empty when nobody does.
   */
  z.object({ notice: z.literal('speakers'), producerIds: z.array(producerId).max(MAX_SPEAKERS) }),
  /** The room has come onto the stage of an event, or is there no longer: by `leave-stage`, or because of `reason`. */
  z.object({
    notice: z.literal('stage'),
    eventId: eventIdSchema,
    on: z.boolean(),
    reason: z.string().optional(),
  }),
  /** Every `ROOM_STATS_MS`, of all connected sessions. */
  z.object({ notice: z.literal('stats'), sessions: z.array(sessionSummarySchema) }),
  /** Notices were missed that are no longer kept: `open` tells how things stand. */
  z.object({ notice: z.literal('gap') }),
  /** The room has ended; nothing follows. */
  z.object({ notice: z.literal('ended'), reason: z.enum(['closed', 'lease', 'shutdown']) }),
]);
export type RoomNotice = z.infer<typeof roomNoticeSchema>;

/** A notice on the stream, with its number; `gap` and `stats` have that of the one before, and `stats` are not kept. */
export const roomNoticeLineSchema = z.object({ number: z.int(), notice: roomNoticeSchema });

/** `GET /rooms`: how busy a call-server node is, and which rooms it has. */
export const roomNodeLoadSchema = z.object({
  rooms: z.array(roomIdSchema),
  workers: z.int(),
  sessions: z.int(),
});
