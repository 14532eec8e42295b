import { createHash } from 'node:crypto';
import { AmphiError, idOfBytes, isAmphiError } from '#base';
import { type Handlers, LATER } from './handler.ts';
import { moderates, requireAllowed } from './rights.ts';
import type { ChatChange, Person, RoomChat, RoomState } from './state.ts';
import type { Turn } from './turn.ts';
import { mayRead, publicChat } from './welcome.ts';

/** Chat: a message is shown, and acknowledged, once it is kept for good. */
type Chat = 'chat' | 'chat-edit' | 'chat-delete' | 'chat-react' | 'chat-history';

const MESSAGE_ID_CHARACTERS = 16;
/** So many stay in memory. */
const RECENT = 100;
/** Of one message: kinds, reactions in all, and those that are kept of people who have left. */
const MAX_REACTIONS = 20;
const MAX_REACTED = 1_000;
const MAX_REACTED_AND_LEFT = 200;

export const chat: Handlers<Chat> = {
  chat: (turn, person, { message, fileId, to, replyTo, ref }) => {
    requireAllowed(person.role, turn.state.settings.chat, 'people to write');
    if (message === '' && fileId === undefined) {
      throw new AmphiError('bad_request', 'message: there is nothing in it');
    }
    if (to !== undefined) turn.person(to);
    turn.do({
      type: 'keep-chat',
      chat: {
        messageId: newMessageId(turn, person, ref),
        from: person.participantId,
        displayName: person.displayName,
        ...(to === undefined ? {} : { to }),
        message,
        ...(replyTo === undefined ? {} : { replyTo }),
        timestamp: turn.stamp(),
        ...(person.breakoutId === undefined ? {} : { breakoutId: person.breakoutId }),
      },
      ...(fileId === undefined ? {} : { fileId }),
      by: person.participantId,
      ref,
    });
    return LATER;
  },
  'chat-edit': (turn, person, { messageId, message, ref }) =>
    change(turn, person, messageId, { type: 'chat-edit', message, ref }),
  'chat-delete': (turn, person, { messageId, ref }) =>
    change(turn, person, messageId, { type: 'chat-delete', ref }),
  'chat-react': (turn, person, { messageId, emoji, on, ref }) =>
    change(turn, person, messageId, { type: 'chat-react', emoji, on, ref }),
  'chat-history': (turn, person, { before, limit, ref }) => {
    turn.do({ type: 'read-chat', by: person.participantId, ref, before, limit });
    return LATER;
  },
};

/** Of what carries a `ref` always the same: said again to another node after a break, it is kept once. */
function newMessageId(turn: Turn, { participantId, resumeKey }: Person, ref?: string): string {
  if (ref === undefined) return turn.deps.newId(MESSAGE_ID_CHARACTERS);
  const hash = createHash('sha256').update(`${participantId} ${resumeKey} ${ref}`).digest();
  return idOfBytes(hash.subarray(0, MESSAGE_ID_CHARACTERS));
}

/** Words to all rooms at once; of the server itself where `from` is undefined. */
export function broadcastChat(
  turn: Turn,
  person: Person,
  message: string,
  ref: string | undefined,
): void {
  turn.do({
    type: 'keep-chat',
    chat: {
      messageId: newMessageId(turn, person, ref),
      from: person.participantId,
      displayName: person.displayName,
      message,
      timestamp: turn.stamp(),
      everywhere: true,
    },
    by: person.participantId,
    ref,
  });
}

function change(turn: Turn, person: Person, messageId: string, how: ChatChange): typeof LATER {
  const { state, nowMs } = turn;
  const known = recentChat(state, messageId);
  // Nobody waits for the database to hear what is refused.
  if (known !== undefined) changedChat(state, person, known, how, nowMs);
  turn.do({ type: 'change-chat', messageId, by: person, change: how });
  return LATER;
}

export const recentChat = ({ chat }: RoomState, messageId: string): RoomChat | undefined =>
  chat.find((one) => one.messageId === messageId);

/** The message as this change leaves it. Throws `not_found`, `forbidden`, `conflict` or `too_many`. */
export function changedChat(
  state: RoomState,
  person: Person,
  known: RoomChat | undefined,
  how: ChatChange,
  nowMs: number,
): RoomChat {
  if (known === undefined || !mayRead(known, person)) {
    throw new AmphiError('not_found', 'No such message');
  }
  const by = person.participantId;
  if (known.deleted) throw new AmphiError('conflict', 'The message was deleted');
  if (how.type === 'chat-edit') {
    if (known.from !== by) throw new AmphiError('forbidden', 'Only its writer may edit a message');
    requireAllowed(person.role, state.settings.chat, 'people to write');
    return { ...known, message: how.message, editedAt: nowMs };
  }
  if (how.type === 'chat-delete') {
    if (known.from !== by && !moderates(person)) {
      throw new AmphiError('forbidden', 'Only its writer and hosts may delete a message');
    }
    const { reactions: _, file: __, ...rest } = known;
    return { ...rest, message: '', deleted: true };
  }
  const reactions = withoutTheGone(state, reacted(known.reactions ?? {}, by, how));
  return { ...known, reactions };
}

/**
 * Of people who have left so many reactions are kept, and the others give way.
 * Throws `too_many` where there are too many all the same.
 */
function withoutTheGone(
  { people }: RoomState,
  reactions: Record<string, string[]>,
): Record<string, string[]> {
  const isGone = (id: string): boolean => people[id] === undefined;
  let surplus = Object.values(reactions).flat().filter(isGone).length - MAX_REACTED_AND_LEFT;
  const kept = Object.entries(reactions).map(
    ([emoji, ids]) => [emoji, ids.filter((id) => !isGone(id) || surplus-- <= 0)] as const,
  );
  if (kept.flatMap(([, ids]) => ids).length > MAX_REACTED) {
    throw new AmphiError('too_many', 'No more reactions');
  }
  return Object.fromEntries(kept.filter(([, ids]) => ids.length > 0));
}

function reacted(
  before: Readonly<Record<string, string[]>>,
  by: string,
  { emoji, on }: { emoji: string; on: boolean },
): Record<string, string[]> {
  const after = new Map(Object.entries(before));
  const who = (after.get(emoji) ?? []).filter((one) => one !== by);
  if (on) who.push(by);
  if (who.length > 0) after.set(emoji, who);
  else after.delete(emoji);
  if (after.size > MAX_REACTIONS) throw new AmphiError('too_many', 'No more kinds of reactions');
  return Object.fromEntries(after);
}

/** It is kept: everybody whom it is for gets it, unless it was kept, and told, before. */
export function chatKept(turn: Turn, kept: RoomChat): void {
  const { chat } = turn.state;
  if (recentChat(turn.state, kept.messageId) !== undefined) return;
  if (chat.length >= RECENT && kept.timestamp < (chat[0]?.timestamp ?? 0)) return;
  turn.state.chat = [...chat, kept].slice(-RECENT);
  turn.tell({ type: 'chat', ...publicChat(kept) }, (person) => mayRead(kept, person));
}

/** It is changed, and everybody who may read it sees how. */
export function chatChanged(turn: Turn, changed: RoomChat): void {
  const { state } = turn;
  state.chat = state.chat.map((one) => (one.messageId === changed.messageId ? changed : one));
  turn.tell({ type: 'chat-updated', chat: publicChat(changed) }, (person) =>
    mayRead(changed, person),
  );
}

/** What went wrong, in the words of the protocol. */
export function problemMessage(error: unknown): { code: string; message: string } {
  if (isAmphiError(error)) return { code: error.code, message: error.message };
  return { code: 'internal', message: 'Something went wrong inside Amphi' };
}
