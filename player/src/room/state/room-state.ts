import type {
  Breakouts,
  ChatMessage,
  MediaRoute,
  MeetingSettings,
  Poll,
  RoomParticipant,
  RoomStage,
  RoomStream,
  ServerMessage,
  WaitingPerson,
} from '#contracts';
import type { SocketState } from '../signal/reconnecting-socket.ts';

/** Why somebody is not in the room any more. */
export type Ending =
  | { why: 'left' | 'elsewhere' }
  | { why: 'ended'; reason?: Extract<ServerMessage, { type: 'meeting-ended' }>['reason'] }
  /** `message`: what whoever did it says to it. */
  | { why: 'removed' | 'banned' | 'denied'; message?: string }
  /** At the door, with one of the API's codes and the server's own words. */
  | { why: 'refused'; code: string; text: string }
  /** It could not go on: the text says why; joining again may help, and is no fault of this page when the place was `givenUp`. */
  | { why: 'lost'; text: string; givenUp?: true };

export interface Reaction {
  key: number;
  from: string;
  emoji: string;
  atMs: number;
}

/** Everything that the page knows of the room. Only `reduce` makes a new one. */
export interface RoomState {
  phase: 'joining' | 'waiting' | 'in' | 'over';
  ending: Ending | undefined;
  socket: SocketState;
  self: RoomParticipant | undefined;
  /** The others, by id. */
  people: Readonly<Record<string, RoomParticipant>>;
  meeting: { meetingId: string; title: string; settings: MeetingSettings } | undefined;
  route: MediaRoute;
  /** What the call server has for us. */
  streams: readonly RoomStream[];
  chat: readonly ChatMessage[];
  /** Whether there are older messages than those here. */
  moreChat: boolean;
  unread: number;
  isChatOpen: boolean;
  polls: readonly Poll[];
  breakouts: Breakouts | undefined;
  /** The event that shows the room. */
  stage: RoomStage | undefined;
  waiting: readonly WaitingPerson[];
  reactions: readonly Reaction[];
  /** A host asks to be heard. */
  askedBy: string | undefined;
  /** Add it to the local clock to have the server's. */
  clockOffsetMs: number;
}

export type RoomEvent =
  | { type: 'server'; message: ServerMessage; nowMs: number }
  | { type: 'socket'; state: SocketState }
  | { type: 'over'; ending: Ending }
  | { type: 'chat-open'; open: boolean }
  /** What this person has just turned on or off; the server repeats it to the others only. */
  | { type: 'own-media'; media: Partial<Pick<RoomParticipant, MediaField>> }
  | { type: 'asked-answered' }
  | { type: 'reaction-over'; key: number };

export type MediaField = 'audio' | 'video' | 'screen' | 'screenAudio';

/** Older messages are asked for again when somebody scrolls back. */
const MOST_CHAT = 500;
const MOST_REACTIONS = 40;
const FIRST_HISTORY = 50;

export const initialState: RoomState = {
  phase: 'joining',
  ending: undefined,
  socket: 'connecting',
  self: undefined,
  people: {},
  meeting: undefined,
  route: { peers: 'mesh', reason: '' },
  streams: [],
  chat: [],
  moreChat: false,
  unread: 0,
  isChatOpen: false,
  polls: [],
  breakouts: undefined,
  stage: undefined,
  waiting: [],
  reactions: [],
  askedBy: undefined,
  clockOffsetMs: 0,
};

/** The state after an event. Pure; what changes nothing returns the state itself. */
export function reduce(state: RoomState, event: RoomEvent): RoomState {
  switch (event.type) {
    case 'server':
      return state.phase === 'over' ? state : heard(state, event.message, event.nowMs);
    case 'socket':
      return event.state === state.socket ? state : { ...state, socket: event.state };
    case 'over':
      return state.phase === 'over' ? state : { ...state, phase: 'over', ending: event.ending };
    case 'chat-open':
      return { ...state, isChatOpen: event.open, unread: event.open ? 0 : state.unread };
    case 'own-media':
      return state.self === undefined
        ? state
        : { ...state, self: { ...state.self, ...event.media } };
    case 'asked-answered':
      return { ...state, askedBy: undefined };
    case 'reaction-over':
      return { ...state, reactions: state.reactions.filter(({ key }) => key !== event.key) };
  }
}

let reactionKey = 0;

function heard(state: RoomState, message: ServerMessage, nowMs: number): RoomState {
  switch (message.type) {
    case 'welcome':
      return welcomed(state, message, nowMs);
    case 'waiting':
      return { ...state, phase: 'waiting' };
    case 'removed':
      return over(state, removedBy(message));
    case 'meeting-ended':
      return over(state, { why: 'ended', reason: message.reason });
    case 'participant-joined':
    case 'participant-updated':
      return withPerson(state, message.participant);
    case 'participant-left': {
      const { [message.participantId]: _gone, ...people } = state.people;
      return { ...state, people };
    }
    case 'media-update': {
      const { audio, video, screen, screenAudio, participantId } = message;
      const person = personOf(state, participantId);
      return person === undefined
        ? state
        : withPerson(state, { ...person, audio, video, screen, screenAudio });
    }
    case 'meeting-updated': {
      const { title, settings } = message;
      return state.meeting === undefined
        ? state
        : { ...state, meeting: { ...state.meeting, title, settings } };
    }
    case 'waiting-list':
      return { ...state, waiting: message.waiting };
    case 'asked-to-unmute':
      return { ...state, askedBy: message.by };
    case 'reaction': {
      const { from, emoji } = message;
      const reaction = { key: ++reactionKey, from, emoji, atMs: nowMs };
      return { ...state, reactions: [...state.reactions, reaction].slice(-MOST_REACTIONS) };
    }
    case 'route':
      return { ...state, route: { peers: message.peers, reason: message.reason } };
    case 'streams-changed':
      return { ...state, streams: message.streams };
    case 'chat': {
      const { type: _type, sequence: _sequence, ...chat } = message;
      return withChat(state, [chat], chat.from !== state.self?.participantId);
    }
    case 'chat-updated':
      return {
        ...state,
        chat: state.chat.map((one) =>
          one.messageId === message.chat.messageId ? message.chat : one,
        ),
      };
    case 'chat-history':
      return { ...withChat(state, message.messages, false), moreChat: message.more };
    case 'poll': {
      const { poll } = message;
      const polls = state.polls.some(({ pollId }) => pollId === poll.pollId)
        ? state.polls.map((one) => (one.pollId === poll.pollId ? poll : one))
        : [...state.polls, poll];
      return { ...state, polls };
    }
    case 'breakouts': {
      const { rooms, endsAt } = message;
      const breakouts = { rooms, ...(endsAt === undefined ? {} : { endsAt }) };
      return { ...state, breakouts: rooms.length === 0 ? undefined : breakouts };
    }
    case 'stage':
      return { ...state, stage: message.stage };
    default:
      return state;
  }
}

function welcomed(
  state: RoomState,
  message: Extract<ServerMessage, { type: 'welcome' }>,
  nowMs: number,
): RoomState {
  const { self, participants, meeting, route, streams, polls, waiting } = message;
  const isNews = state.phase === 'in' && !state.isChatOpen;
  const { chat, moreChat, missed } = rejoined(state, message.chat);
  return {
    ...state,
    phase: 'in',
    self,
    people: Object.fromEntries(participants.map((person) => [person.participantId, person])),
    meeting,
    route,
    streams,
    chat,
    moreChat,
    unread: state.unread + (isNews ? missed : 0),
    polls,
    breakouts: message.breakouts,
    stage: message.stage,
    waiting,
    clockOffsetMs: message.serverTime - nowMs,
  };
}

/** After a break, what had been read before the newest messages stays, if nothing is missing between. */
function rejoined(
  { chat, moreChat, self }: RoomState,
  newest: readonly ChatMessage[],
): { chat: readonly ChatMessage[]; moreChat: boolean; missed: number } {
  const known = new Set(chat.map(({ messageId }) => messageId));
  const missed = newest.filter(
    ({ messageId, from }) => !known.has(messageId) && from !== self?.participantId,
  ).length;
  const at = chat.findIndex(({ messageId }) => messageId === newest[0]?.messageId);
  if (at < 0) return { chat: newest, moreChat: newest.length >= FIRST_HISTORY, missed };
  return { chat: [...chat.slice(0, at), ...newest], moreChat, missed };
}

const over = (state: RoomState, ending: Ending): RoomState => ({
  ...state,
  phase: 'over',
  ending,
});

function removedBy({ reason, message }: Extract<ServerMessage, { type: 'removed' }>): Ending {
  if (reason === 'left-elsewhere') return { why: 'elsewhere' };
  return { why: reason, ...(message === undefined ? {} : { message }) };
}

export const personOf = (state: RoomState, id: string): RoomParticipant | undefined =>
  id === state.self?.participantId ? state.self : state.people[id];

export const nameOf = (state: RoomState, id: string | undefined): string =>
  (id === undefined ? undefined : personOf(state, id)?.displayName) ?? 'Somebody';

function withPerson(state: RoomState, person: RoomParticipant): RoomState {
  if (person.participantId === state.self?.participantId) {
    // Who only watches has nothing to turn on.
    const askedBy = person.role === 'viewer' ? undefined : state.askedBy;
    return { ...state, self: person, askedBy };
  }
  return { ...state, people: { ...state.people, [person.participantId]: person } };
}

/** Each message once, in the order of time. */
function withChat(state: RoomState, messages: readonly ChatMessage[], isNews: boolean): RoomState {
  const known = new Set(state.chat.map(({ messageId }) => messageId));
  const fresh = messages.filter(({ messageId }) => !known.has(messageId));
  if (fresh.length === 0) return state;
  const chat = [...state.chat, ...fresh].sort((a, b) => a.timestamp - b.timestamp);
  const unread = isNews && !state.isChatOpen ? state.unread + fresh.length : state.unread;
  return { ...state, chat: chat.slice(-MOST_CHAT), unread };
}

export const isHost = (person: Pick<RoomParticipant, 'role'> | undefined): boolean =>
  person?.role === 'host' || person?.role === 'co-host';

/** The breakout room that somebody is in, by what is said of who is in which. */
export const placeOf = (breakouts: Breakouts | undefined, id: string) =>
  breakouts?.rooms.find(({ participantIds }) => participantIds.includes(id));

/** Whether the settings of the meeting let this person write. */
export function mayWrite({ meeting, self }: RoomState): boolean {
  const who = meeting?.settings.chat;
  return who !== 'nobody' && (who !== 'hosts' || isHost(self));
}

/** People with their hands up, the longest first. */
export const raisedHands = (state: RoomState): RoomParticipant[] =>
  [...Object.values(state.people), ...(state.self === undefined ? [] : [state.self])]
    .filter((person) => person.handRaisedAt !== undefined)
    .sort((a, b) => (a.handRaisedAt ?? 0) - (b.handRaisedAt ?? 0));
