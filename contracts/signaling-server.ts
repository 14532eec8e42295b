import { z } from 'zod';
import { chatFileSchema } from './files.ts';
import { eventIdSchema } from './ids.ts';
import {
  displayNameSchema,
  iceServerSchema,
  mediaRouteSchema,
  meetingSettingsSchema,
  participantIdSchema,
  participantRoleSchema,
} from './meeting.ts';
import { pictureSchema } from './people.ts';
import {
  breakoutIdSchema,
  CALL_SERVER_ID,
  candidateSchema,
  capabilitiesSchema,
  labelsSchema,
  mediaTypeSchema,
  messageIdSchema,
  pollIdSchema,
  purposeSchema,
  roomMediaSchema,
} from './signaling.ts';

import { stageLayoutSchema } from './stage.ts';

/**
 * What the server says on the socket of a meeting. `sequence` counts the
 * messages to one participant from 1 up, without holes, over all of its
 * sockets; 0 stands on what is not repeated after a `resume`: `pong`, and
 * errors before one has joined. Clients ignore types and fields they do not know.
 */

/** Milliseconds since the epoch. */
const time = z.number();

/** Somebody in the room, as everybody sees them. */
export const roomParticipantSchema = z.object({
  participantId: participantIdSchema,
  displayName: displayNameSchema,
  role: participantRoleSchema,
  /** Of an account; absent for guests. */
  userId: z.string().optional(),
  /** Where the picture of that account is. */
  picture: pictureSchema,
  /** What is on: microphone, camera, a screen and its sound. */
  audio: z.boolean(),
  video: z.boolean(),
  screen: z.boolean(),
  screenAudio: z.boolean(),
  /** When the hand went up; absent while it is down. Hands are in the order of this. */
  handRaisedAt: time.optional(),
  joinedAt: time,
  /** False while the socket is gone and may still resume. */
  connected: z.boolean(),
  capabilities: capabilitiesSchema,
  /** The breakout room; absent in the main room. People see and hear those of their own room only. */
  breakoutId: breakoutIdSchema.optional(),
});
export type RoomParticipant = z.infer<typeof roomParticipantSchema>;

export const chatMessageSchema = z.object({
  messageId: messageIdSchema,
  /** Absent on what the server itself says. */
  from: participantIdSchema.optional(),
  /** The sender's name at the time: late joiners do not know who has left. */
  displayName: z.string(),
  /** To one only; absent: to all. */
  to: participantIdSchema.optional(),
  message: z.string(),
  /** Gone with the message when that is deleted. */
  file: chatFileSchema.optional(),
  replyTo: messageIdSchema.optional(),
  timestamp: time,
  editedAt: time.optional(),
  /** Its text is gone. */
  deleted: z.boolean().optional(),
  /** Who reacted, by emoji. */
  reactions: z.record(z.string(), z.array(participantIdSchema)).optional(),
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;

export const pollSchema = z.object({
  pollId: pollIdSchema,
  question: z.string(),
  options: z.array(z.object({ text: z.string(), votes: z.number() })),
  multiple: z.boolean(),
  open: z.boolean(),
  /** How many have voted. */
  voters: z.number(),
});
export type Poll = z.infer<typeof pollSchema>;

export const breakoutsSchema = z.object({
  rooms: z.array(
    z.object({
      breakoutId: breakoutIdSchema,
      name: z.string(),
      participantIds: z.array(participantIdSchema),
    }),
  ),
  /** When they close by themselves. */
  endsAt: time.optional(),
});
export type Breakouts = z.infer<typeof breakoutsSchema>;

/** Something that can be received from the call server. */
export const streamSchema = z.object({
  participantId: participantIdSchema,
  media: roomMediaSchema,
});
export type RoomStream = z.infer<typeof streamSchema>;

/** Whether the room is a camera of an event. */
export const roomStageSchema = z.object({
  eventId: eventIdSchema,
  layout: stageLayoutSchema,
  /** Viewers are shown the way into the room. */
  open: z.boolean(),
});
export type RoomStage = z.infer<typeof roomStageSchema>;

const sequence = z.int().min(0);
const say = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), sequence, ...shape });

const waitingPersonSchema = z.object({
  participantId: participantIdSchema,
  displayName: z.string(),
  since: time,
});
export type WaitingPerson = z.infer<typeof waitingPersonSchema>;

const session = [
  /** Answers a client message that carried a `ref`. */
  say('ok', { ref: z.string(), messageId: messageIdSchema.optional() }),
  /** `code` is one of the API's; `ref` that of the message at fault, where it had one. */
  say('error', { code: z.string(), message: z.string(), ref: z.string().optional() }),
  say('pong', { sent: z.number(), serverTime: time }),
  /**
   * One is in, and this is how things stand: after `join`, after being admitted,
   * and with `resumed: false` after a `resume` that came too late for a replay.
   * Then what exists still may be kept; what is missing here has ended.
   */
  say('welcome', {
    resumed: z.boolean(),
    resumeKey: z.string(),
    self: roomParticipantSchema,
    /** Everybody else. */
    participants: z.array(roomParticipantSchema),
    meeting: z.object({
      meetingId: z.string(),
      title: z.string(),
      settings: meetingSettingsSchema,
    }),
    route: mediaRouteSchema,
    /** What the call server has for this person to receive. */
    streams: z.array(streamSchema),
    iceServers: z.array(iceServerSchema),
    /** The newest ones, oldest first. */
    chat: z.array(chatMessageSchema),
    polls: z.array(pollSchema),
    breakouts: breakoutsSchema.optional(),
    stage: roomStageSchema.optional(),
    /** Who waits; empty for who may not let them in. */
    waiting: z.array(waitingPersonSchema),
    serverTime: time,
  }),
  /** A `resume` worked; what was missed follows. */
  say('resumed', {}),
  /** In the waiting room: a `welcome`, or `removed` with `denied`, comes when a host decides. */
  say('waiting', { resumeKey: z.string() }),
  /**
   * A new token for `?token=` and new credentials for the ICE servers, long
   * before the old ones run out: at once on each socket, then every few minutes.
   * Connections that stand keep what they have; new ones and ICE restarts take these.
   */
  say('token', { token: z.string(), expiresAt: time, iceServers: z.array(iceServerSchema) }),
  /** One is out; the socket closes. */
  say('removed', {
    reason: z.enum(['removed', 'banned', 'denied', 'left-elsewhere']),
    message: z.string().optional(),
  }),
  say('meeting-ended', { reason: z.enum(['host', 'host-left', 'deleted']) }),
] as const;

const people = [
  say('participant-joined', { participant: roomParticipantSchema }),
  say('participant-left', {
    participantId: participantIdSchema,
    reason: z.enum(['left', 'removed', 'banned', 'timeout']),
  }),
  /** Name, role, hand, connection or breakout room changed: the whole of it. */
  say('participant-updated', { participant: roomParticipantSchema }),
  say('media-update', {
    participantId: participantIdSchema,
    audio: z.boolean(),
    video: z.boolean(),
    screen: z.boolean(),
    screenAudio: z.boolean(),
  }),
  say('meeting-updated', { title: z.string(), settings: meetingSettingsSchema }),
  /** To hosts: who waits, first come first. */
  say('waiting-list', { waiting: z.array(waitingPersonSchema) }),
  /** A host did it: the client must stop sending this. */
  say('muted-by-host', { by: participantIdSchema, mediaType: mediaTypeSchema }),
  say('asked-to-unmute', { by: participantIdSchema, mediaType: mediaTypeSchema }),
  say('reaction', { from: participantIdSchema, emoji: z.string() }),
  /** The room has come on stage, stands there otherwise, or has left (no `stage`), perhaps for a reason of the event's. */
  say('stage', { stage: roomStageSchema.optional(), reason: z.string().optional() }),
] as const;

const peer = z.union([participantIdSchema, z.literal(CALL_SERVER_ID)]);
const media = [
  say('offer', {
    from: participantIdSchema,
    sdp: z.string(),
    labels: labelsSchema.optional(),
    connection: z.string().optional(),
  }),
  /** Of the call server: `purpose` as in the offer; `sections`: what each section of a receiving session carries. */
  say('answer', {
    from: peer,
    sdp: z.string(),
    purpose: purposeSchema.optional(),
    labels: labelsSchema.optional(),
    connection: z.string().optional(),
    sections: z
      .array(
        z.object({ mid: z.string(), participantId: participantIdSchema, media: roomMediaSchema }),
      )
      .optional(),
  }),
  say('ice-candidate', {
    from: peer,
    candidate: candidateSchema,
    connection: z.string().optional(),
  }),
  /** Which way media goes from now on. The old way is given up once the new one carries something. */
  say('route', { peers: z.enum(['mesh', 'callserver']), reason: z.string() }),
  /** All that can be received from the call server now: upon this a client offers again (`purpose: 'receive'`). */
  say('streams-changed', { streams: z.array(streamSchema) }),
  /** The call server lost a session of ours: offer anew, with a new RTCPeerConnection. */
  say('session-lost', { purpose: purposeSchema, reason: z.string() }),
  /** Who speaks, loudest first, by the call server; in a mesh clients tell by themselves. */
  say('speakers', { participantIds: z.array(participantIdSchema) }),
] as const;

const social = [
  say('chat', chatMessageSchema.shape),
  /** Edited, deleted, or reacted to: the whole message. */
  say('chat-updated', { chat: chatMessageSchema }),
  /** Oldest first. */
  say('chat-history', {
    ref: z.string().optional(),
    messages: z.array(chatMessageSchema),
    more: z.boolean(),
  }),
  /** New, voted on, or closed. */
  say('poll', { poll: pollSchema }),
  /** Opened, changed, or closed (no rooms). */
  say('breakouts', breakoutsSchema.shape),
] as const;

export const serverMessageSchema = z.discriminatedUnion('type', [
  ...session,
  ...people,
  ...media,
  ...social,
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;
