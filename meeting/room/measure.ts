import { AmphiError } from '#base';
import type { MessageOf, MessageType } from './handler.ts';
import { moderates } from './rights.ts';
import type { Person } from './state.ts';
import { TokenBucket } from './token-bucket.ts';

/** Faster than anybody clicks, for as long as anybody does. */
const MEASURE = { perSecond: 15, burst: 100 };
/**
 * What all in a room together may make it say: each message counts once for
 * each other who hears it. Of three hundred people each may react at once.
 */
const TOLD = { perSecond: 10_000, burst: 120_000 };
/** So much of it is left for hosts and co-hosts. */
const FOR_MODERATORS = TOLD.burst / 4;

/**
 * What everybody hears of, or the database must look for. Not what only one
 * hears, and not what must never fail: to fall silent, to leave, to send away,
 * to shut the door.
 */
const MEASURED: ReadonlySet<MessageType> = new Set<MessageType>([
  ...(['rename', 'hand-raise', 'hand-lower', 'reaction', 'unmute'] as const),
  ...(['chat', 'chat-edit', 'chat-delete', 'chat-react', 'chat-history'] as const),
  ...(['poll-create', 'poll-vote', 'poll-close', 'admit', 'admit-all'] as const),
  ...(['make-host', 'make-cohost', 'make-participant', 'ask-to-unmute'] as const),
  ...(['breakout-open', 'breakout-assign', 'breakout-broadcast', 'breakout-close'] as const),
  ...(['stage-enter', 'stage-update', 'stage-leave'] as const),
]);

/** Undoes what was measured when it was done, or is heard by one only. */
const ALWAYS_TOLD: ReadonlySet<MessageType> = new Set<MessageType>([
  ...(['chat-delete', 'chat-history', 'breakout-close', 'poll-close'] as const),
  ...(['stage-leave', 'ask-to-unmute'] as const),
]);

export type Relayed = MessageOf<'offer' | 'answer' | 'ice-candidate'>;

/** Bytes that one person may have passed on to one other: descriptions of twenty kilobytes and their candidates, anew several times. */
const RELAYED = { perSecond: 16 * 1024, burst: 128 * 1024 };
/** Bytes that all others together may have passed on to one person, who has to read them: less than what cuts a slow reader off. */
const RELAYED_BY_ALL = { perSecond: 64 * 1024, burst: 512 * 1024 };
/** What every message costs, however short. */
const RELAY_OVERHEAD_BYTES = 100;

/** How much each person in a room may ask of the others, and all of them together; kept with the person, however often the socket changes. */
export class Measures {
  readonly #left = new Map<string, TokenBucket>();
  #told: TokenBucket | undefined;
  /** By who is to have it; and by who says it. */
  readonly #relayed = new Map<string, { all: TokenBucket; by: Map<string, TokenBucket> }>();

  /** `hearers`: how many are in the room. Throws `too_many`. */
  require(person: Person, type: MessageType, hearers: number, nowMs: number): void {
    if (!MEASURED.has(type)) return;
    const { participantId } = person;
    let left = this.#left.get(participantId);
    if (left === undefined) {
      left = new TokenBucket(MEASURE, nowMs);
      this.#left.set(participantId, left);
    }
    if (!left.take(nowMs)) {
      throw new AmphiError('too_many', 'That is too much at once: wait a moment');
    }
    const need = hearers + (moderates(person) ? 0 : FOR_MODERATORS);
    if (!ALWAYS_TOLD.has(type) && !this.#all(nowMs).has(nowMs, need)) {
      throw new AmphiError('too_many', 'Too much happens in this room at once: wait a moment');
    }
  }

  /** Throws `too_many` where this is more than somebody has to read. */
  requireRelay(participantId: string, message: Relayed, nowMs: number): void {
    const { to } = message;
    let left = this.#relayed.get(to);
    if (left === undefined) {
      left = { all: new TokenBucket(RELAYED_BY_ALL, nowMs), by: new Map() };
      this.#relayed.set(to, left);
    }
    let mine = left.by.get(participantId);
    if (mine === undefined) {
      mine = new TokenBucket(RELAYED, nowMs);
      left.by.set(participantId, mine);
    }
    const bytes = RELAY_OVERHEAD_BYTES + lengthOf(message);
    if (!left.all.has(nowMs, bytes) || !mine.take(nowMs, bytes)) {
      throw new AmphiError('too_many', 'That is more than one person has to read at once');
    }
    left.all.take(nowMs, bytes);
  }

  /** So many were told something because somebody wanted it. */
  told(count: number, nowMs: number): void {
    this.#all(nowMs).spend(nowMs, count);
  }

  /** Who has gone for good. */
  forget(participantId: string): void {
    this.#left.delete(participantId);
    this.#relayed.delete(participantId);
    for (const { by } of this.#relayed.values()) by.delete(participantId);
  }

  #all(nowMs: number): TokenBucket {
    this.#told ??= new TokenBucket(TOLD, nowMs);
    return this.#told;
  }
}

const lengthOf = (message: Relayed): number =>
  message.type === 'ice-candidate'
    ? JSON.stringify(message.candidate).length
    : message.sdp.length + JSON.stringify(message.labels ?? {}).length;
