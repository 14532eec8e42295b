import type { CallEnd, CallEvent, CallMedia, DirectMessage, MissedCall } from '#contracts';
import type { SocketState } from '../../room/signal/reconnecting-socket.ts';

/** The other side of a call or of a conversation. */
export interface Peer {
  userId: string;
  displayName: string;
  picture?: string | undefined;
}

interface AnyCall {
  peer: Peer;
  media: CallMedia;
}

export type Room = Extract<CallEvent, { type: 'call-accepted' }>['room'];

/** Why a call did not come about, or is over: as the server says, or it was refused, or the connection broke. */
export type Why = CallEnd | 'refused' | 'lost';

/** The one call that there can be. */
export type CurrentCall =
  /** By us; without an id until the server has taken it. */
  | (AnyCall & { phase: 'calling'; callId: string | undefined; rings: boolean })
  /** Rings here. */
  | (AnyCall & { phase: 'incoming'; callId: string })
  /** Was answered here; the room is made. */
  | (AnyCall & { phase: 'answering'; callId: string })
  | (AnyCall & { phase: 'active'; callId: string; room: Room })
  /** A call of ours did not come about: shown until it is dismissed. */
  | (AnyCall & { phase: 'failed'; why: Why; detail: string | undefined });

export interface Conversation {
  /** Oldest first. */
  messages: readonly DirectMessage[];
  /** There are older ones. */
  more: boolean;
}

export interface CallsState {
  socket: SocketState;
  selfId: string | undefined;
  call: CurrentCall | undefined;
  /** What has just happened, in a sentence, until it is dismissed. */
  note: string | undefined;
  /** Missed and not seen, newest last. */
  missed: readonly MissedCall[];
  /** How much of whom was not read. */
  unread: Readonly<Record<string, number>>;
  /** Whose conversation is open. */
  openWith: string | undefined;
  conversations: Readonly<Record<string, Conversation>>;
}

export const initialCalls: CallsState = {
  socket: 'connecting',
  selfId: undefined,
  call: undefined,
  note: undefined,
  missed: [],
  unread: {},
  openWith: undefined,
  conversations: {},
};

export type CallsEvent =
  | { type: 'socket'; state: SocketState }
  | { type: 'heard'; event: CallEvent }
  | { type: 'call'; peer: Peer; media: CallMedia }
  /** The server has taken the call. */
  | { type: 'called'; callId: string }
  | { type: 'refused'; detail: string }
  | { type: 'answer' }
  /** What there is of a call is over, on this side. */
  | { type: 'gone'; note?: string }
  | { type: 'note'; note: string | undefined }
  | { type: 'missed-seen' }
  | { type: 'open'; userId: string | undefined };

/** A conversation is kept on the page no longer than this. */
const MOST_MESSAGES = 1_000;

/** What follows from what was done or heard. Pure. */
export function reduceCalls(state: CallsState, event: CallsEvent): CallsState {
  const { call } = state;
  switch (event.type) {
    case 'socket':
      return withSocket(state, event.state);
    case 'heard':
      return heard(state, event.event);
    case 'call': {
      if (call !== undefined && call.phase !== 'failed') return state;
      const { peer, media } = event;
      const calling = { phase: 'calling', peer, media, callId: undefined, rings: false } as const;
      return { ...state, note: undefined, call: calling };
    }
    case 'called':
      return call?.phase === 'calling'
        ? { ...state, call: { ...call, callId: event.callId } }
        : state;
    case 'refused':
      if (call?.phase === 'calling') {
        return { ...state, call: failed(call, 'refused', event.detail) };
      }
      return { ...state, call: undefined, note: event.detail };
    case 'answer':
      return call?.phase === 'incoming'
        ? { ...state, call: { ...call, phase: 'answering' } }
        : state;
    case 'gone':
      return { ...state, call: undefined, note: event.note ?? state.note };
    case 'note':
      return { ...state, note: event.note };
    case 'missed-seen':
      return { ...state, missed: [] };
    case 'open': {
      const { userId } = event;
      const unread = userId === undefined ? state.unread : without(state.unread, userId);
      return { ...state, openWith: userId, unread };
    }
  }
}

/** What rings ends with the connection: the server cancels what this device calls, and says anew what rings. */
function withSocket(state: CallsState, socket: SocketState): CallsState {
  const { call } = state;
  const next = { ...state, socket };
  if (socket === 'open' || call === undefined) return next;
  if (call.phase === 'calling') return { ...next, call: failed(call, 'lost', undefined) };
  return call.phase === 'incoming' ? { ...next, call: undefined } : next;
}

function heard(state: CallsState, event: CallEvent): CallsState {
  const { call } = state;
  switch (event.type) {
    case 'hello':
      return {
        ...state,
        selfId: event.userId,
        missed: event.missed,
        unread: Object.fromEntries(event.unread.map(({ userId, count }) => [userId, count])),
        // What was written meanwhile is not in them.
        conversations: {},
      };
    case 'ringing':
      return call?.phase === 'calling' ? { ...state, call: { ...call, rings: true } } : state;
    case 'incoming-call': {
      if (call !== undefined && call.phase !== 'failed') return state;
      const { callId, from, displayName, picture, media } = event;
      const peer = { userId: from, displayName, picture };
      return { ...state, note: undefined, call: { phase: 'incoming', callId, peer, media } };
    }
    case 'call-accepted': {
      const isOurs =
        (call?.phase === 'calling' || call?.phase === 'answering') &&
        (call.callId === undefined || call.callId === event.callId);
      if (!isOurs) return state;
      const { peer, media } = call;
      const { callId, room } = event;
      return { ...state, call: { phase: 'active', callId, room, peer, media } };
    }
    case 'call-ended':
      return ended(state, event.callId, event.reason);
    case 'call-missed': {
      const { type: _, ...missed } = event;
      const known = state.missed.some(({ callId }) => callId === missed.callId);
      return known ? state : { ...state, missed: [...state.missed, missed] };
    }
    case 'message':
      return withMessage(state, event);
    case 'message-history':
      return withHistory(state, event);
    case 'messages-seen':
      return { ...state, unread: without(state.unread, event.with) };
    default:
      return state;
  }
}

function ended(state: CallsState, callId: string, why: CallEnd): CallsState {
  const { call } = state;
  if (call === undefined || call.phase === 'failed') return state;
  // The end may come before the answer that says the call's id; who cancels has had that.
  const isUnnamed = call.phase === 'calling' && call.callId === undefined && why !== 'cancelled';
  const isThis = call.callId === callId || isUnnamed;
  if (!isThis) return state;
  const name = call.peer.displayName;
  if (call.phase === 'calling') {
    return why === 'cancelled'
      ? { ...state, call: undefined }
      : { ...state, call: failed(call, why, undefined) };
  }
  const note =
    why === 'answered-elsewhere'
      ? `You answered ${name} on another device.`
      : why === 'declined'
        ? undefined
        : call.phase === 'incoming'
          ? `You missed a call from ${name}.`
          : `The call with ${name} is over.`;
  return { ...state, call: undefined, note: note ?? state.note };
}

function withMessage(state: CallsState, event: DirectMessage): CallsState {
  const { messageId, from, to, message, timestamp } = event;
  const isOwn = from === state.selfId;
  const other = isOwn ? to : from;
  const isRead = isOwn || state.openWith === other;
  const unread = isRead ? state.unread : { ...state.unread, [from]: (state.unread[from] ?? 0) + 1 };
  const known = state.conversations[other];
  // Without its history a conversation is not begun: it is read when it is opened.
  if (known === undefined) return { ...state, unread };
  const conversation = merged(known, [{ messageId, from, to, message, timestamp }]);
  return { ...state, unread, conversations: { ...state.conversations, [other]: conversation } };
}

function withHistory(
  state: CallsState,
  event: Extract<CallEvent, { type: 'message-history' }>,
): CallsState {
  const known = state.conversations[event.with];
  const isOlder = event.before !== undefined;
  const more = isOlder || known === undefined ? event.more : known.more;
  const conversation = { ...merged(known, event.messages), more };
  return { ...state, conversations: { ...state.conversations, [event.with]: conversation } };
}

/** Each message once, in the order of time. */
function merged(known: Conversation | undefined, fresh: readonly DirectMessage[]): Conversation {
  const byId = new Map<string, DirectMessage>();
  for (const one of [...(known?.messages ?? []), ...fresh]) byId.set(one.messageId, one);
  const messages = [...byId.values()].sort((a, b) => a.timestamp - b.timestamp);
  return { messages: messages.slice(-MOST_MESSAGES), more: known?.more ?? false };
}

const failed = ({ peer, media }: AnyCall, why: Why, detail: string | undefined): CurrentCall => ({
  phase: 'failed',
  peer,
  media,
  why,
  detail,
});

function without(record: Readonly<Record<string, number>>, key: string): Record<string, number> {
  const { [key]: _, ...rest } = record;
  return rest;
}
