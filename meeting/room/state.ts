import type {
  Capabilities,
  ChatMessage,
  MediaReport,
  MediaRoute,
  MeetingSettings,
  ParticipantRole,
  RoomMedia,
  RoomParticipant,
  RoomStage,
  RoomStream,
  ServerMessage,
} from '#contracts';

/**
 * The state of one room, as plain data: a node that takes a room over reads it
 * from Redis. All times are milliseconds since the epoch.
 */
export interface RoomState {
  meetingId: string;
  title: string;
  settings: MeetingSettings;
  /** In the order in which they came in. */
  people: Record<string, Person>;
  /** In the order in which they knocked. */
  waiting: Record<string, Person>;
  /** Whose join token has been used, and when: it opens nothing again. */
  used: Record<string, number>;
  /** Accounts and browsers that are not let in. */
  banned: string[];
  /** The newest messages, oldest first. */
  chat: RoomChat[];
  polls: RoomPoll[];
  breakouts?: { rooms: { breakoutId: string; name: string }[]; endsAt?: number };
  route: MediaRoute & { since: number };
  stage?: Staged;
  /** Until when no way straight between people is tried again. */
  meshBarredUntil: number;
  /** What the call server has. */
  streams: RoomStream[];
  /** Time of the newest thing that must have an order: times are made to grow. */
  lastAt: number;
  /** Since when nobody is in it. */
  emptySince?: number;
  unwritten?: Unwritten;
  /** When what is told at its pace was told last, and whether something has changed since. */
  paced?: Record<string, { toldAt: number; isOwed?: true }>;
}

/** What was decided and the database does not know yet. */
export interface Unwritten {
  banned?: true;
  locked?: true;
  ended?: true;
}

/** The room is a camera of an event. */
export interface Staged extends RoomStage {
  /** Of the stream key of the source. */
  keyHash: string;
  /** Who stands large, where the layout has such a place, and since when. */
  speaker?: { participantId: string; since: number };
}

/** Somebody who is in the room or waits for it. */
export interface Person {
  participantId: string;
  displayName: string;
  role: ParticipantRole;
  userId?: string;
  /** Came in as a host: by the host token, or as who made the meeting. */
  cameAsHost?: true;
  /** Has the role because the last host left, and was this before. */
  inherited?: ParticipantRole;
  /** Where the account's picture is. */
  picture?: string;
  /** Tells a browser from others, for bans. */
  mark: string;
  /** Tells one address from others, for bounds. */
  network?: string;
  /** Of those who wait: since when. */
  joinedAt: number;
  audio: boolean;
  video: boolean;
  screen: boolean;
  screenAudio: boolean;
  handRaisedAt?: number;
  capabilities: Capabilities;
  breakoutId?: string;
  /** A host has asked this person to unmute: that allows it. */
  mayUnmute: boolean;
  resumeKey: string;
  /** When this person was heard last, where the call server says so. */
  spokeAt?: number;
  /** Since when the socket is gone. */
  goneSince?: number;
  report?: MediaReport;
  /** Messages with a `ref` that were dealt with, newest last. */
  answered: Answer[];
}

/** `message` is undefined while the answer is still to come. */
export interface Answer {
  ref: string;
  message?: Said;
}

export interface RoomChat extends ChatMessage {
  /** The breakout room in which it was said; absent: the main room. */
  breakoutId?: string;
  /** Said to all rooms. */
  everywhere?: boolean;
}

export interface RoomPoll {
  pollId: string;
  question: string;
  options: string[];
  multiple: boolean;
  open: boolean;
  /** By account, or by browser where there is none. */
  votes: Record<string, number[]>;
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'sequence'> : never;
/** A server message before it has its number. */
export type Said = Unnumbered<ServerMessage>;

export type LeaveReason = 'left' | 'removed' | 'banned' | 'timeout';
export type EndReason = 'host' | 'host-left' | 'deleted';

/** What is to be done outside because of what happened in the room. */
export type Effect =
  | { type: 'send'; to: string; message: Said }
  /** The socket closes once what was sent before is out. */
  | { type: 'close'; participantId: string; code: number; reason: string }
  /** To be kept for good; `chatKept` or `fail` is called upon it. */
  | {
      type: 'keep-chat';
      chat: RoomChat;
      /** An uploaded file of the sender's that is to come with it. */
      fileId?: string;
      by: string | undefined;
      ref: string | undefined;
    }
  /** What becomes of it is for `changedChat` to say when it is its turn; then `chatChanged` or `fail` is called. */
  | { type: 'change-chat'; messageId: string; by: Person; change: ChatChange }
  | {
      type: 'read-chat';
      by: string;
      ref: string | undefined;
      before: string | undefined;
      limit: number;
    }
  | {
      type: 'call-server-offer';
      participantId: string;
      purpose: 'send' | 'receive';
      sdp: string;
      labels: Record<string, RoomMedia>;
      /** Goes back with the answer. */
      connection: string | undefined;
      ref: string | undefined;
    }
  | {
      type: 'call-server-want';
      participantId: string;
      stream: RoomStream;
      width: number;
      height: number;
    }
  /** From now on this person may receive these only, whatever their page asks for. */
  | { type: 'call-server-limit'; participantId: string; streams: RoomStream[] }
  /** The sessions of somebody who has left. */
  | { type: 'call-server-close'; participantId: string }
  /** To be gone to; `staged` or `fail` is called upon it. */
  | { type: 'stage-enter'; stage: Staged; by: string; ref: string | undefined }
  | { type: 'joined'; person: Person }
  | { type: 'left'; participantId: string; at: number; reason: LeaveReason }
  | { type: 'stream'; participantId: string; media: RoomMedia; on: boolean; at: number }
  /** What must be kept for good, as the state has it now. */
  | { type: 'locked' }
  | { type: 'banned' }
  | { type: 'ended'; reason: EndReason };

export type ChatChange =
  | { type: 'chat-edit'; message: string; ref: string | undefined }
  | { type: 'chat-delete'; ref: string | undefined }
  | { type: 'chat-react'; emoji: string; on: boolean; ref: string | undefined };

export function newRoom(meeting: {
  meetingId: string;
  title: string;
  settings: MeetingSettings;
  banned: string[];
  chat: RoomChat[];
  nowMs: number;
}): RoomState {
  const { nowMs, ...about } = meeting;
  return {
    ...about,
    people: {},
    waiting: {},
    used: {},
    polls: [],
    route: { peers: 'mesh', reason: 'Few are in the meeting', since: nowMs },
    meshBarredUntil: 0,
    streams: [],
    lastAt: about.chat.at(-1)?.timestamp ?? 0,
    emptySince: nowMs,
  };
}

/** Somebody as everybody sees them. */
export function shown(person: Person): RoomParticipant {
  const { participantId, displayName, role, userId, picture } = person;
  const { audio, video, screen, screenAudio, handRaisedAt, joinedAt, capabilities, breakoutId } =
    person;
  return {
    participantId,
    displayName,
    role,
    ...(userId === undefined ? {} : { userId }),
    ...(picture === undefined ? {} : { picture }),
    audio,
    video,
    screen,
    screenAudio,
    ...(handRaisedAt === undefined ? {} : { handRaisedAt }),
    joinedAt,
    connected: person.goneSince === undefined,
    capabilities,
    ...(breakoutId === undefined ? {} : { breakoutId }),
  };
}
