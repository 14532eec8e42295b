import { AmphiError } from '#base';
import type { MessageType } from './handler.ts';
import { TokenBucket } from './token-bucket.ts';

/** Faster than anybody clicks, for as long as anybody does. */
const MEASURE = { perSecond: 15, burst: 100 };

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

/** How much each person in a room may ask of the others; kept with the person, however often the socket changes. */
export class Measures {
  readonly #left = new Map<string, TokenBucket>();

  /** Throws `too_many`. */
  require(participantId: string, type: MessageType, nowMs: number): void {
    if (!MEASURED.has(type)) return;
    let left = this.#left.get(participantId);
    if (left === undefined) {
      left = new TokenBucket(MEASURE, nowMs);
      this.#left.set(participantId, left);
    }
    if (!left.take(nowMs)) {
      throw new AmphiError('too_many', 'That is too much at once: wait a moment');
    }
  }

  /** Who has gone for good. */
  forget(participantId: string): void {
    this.#left.delete(participantId);
  }
}
