import { and, eq } from 'drizzle-orm';
import { AmphiError, type Logger, messageOf } from '#base';
import { BUS_MAX_LENGTH, BUS_STREAM, type BusEvent } from '#contracts';
import type { Redis } from '#platform';
import { type Db, tables } from '#platform/sql';

const { participants, surveyAnswers } = tables;

/** What people who have left say of a meeting: one answer each, kept, and told on the bus. */
export class Survey {
  readonly #db: Db;
  readonly #redis: Redis;
  readonly #log: Logger;

  constructor(deps: { db: Db; redis: Redis; log: Logger }) {
    this.#db = deps.db;
    this.#redis = deps.redis;
    this.#log = deps.log;
  }

  /** Throws `forbidden` for who was never in it, `conflict` for who has answered. */
  async answer(meetingId: string, participantId: string, rating: number): Promise<void> {
    const [was] = await this.#db
      .select({ participantId: participants.participantId })
      .from(participants)
      .where(
        and(eq(participants.meetingId, meetingId), eq(participants.participantId, participantId)),
      );
    if (was === undefined) throw new AmphiError('forbidden', 'Only for who was in the meeting');
    const kept = await this.#db
      .insert(surveyAnswers)
      .values({ participantId, meetingId, rating })
      .onConflictDoNothing()
      .returning({ participantId: surveyAnswers.participantId });
    if (kept.length === 0) throw new AmphiError('conflict', 'You have answered already');
    const event: BusEvent = {
      type: 'meeting.rated',
      meetingId,
      participantId,
      rating,
      at: Date.now(),
    };
    // The answer is kept; whoever counts misses one at worst.
    await this.#redis
      .xadd(BUS_STREAM, 'MAXLEN', '~', BUS_MAX_LENGTH, '*', 'event', JSON.stringify(event))
      .catch((error: unknown) => this.#log.warn({ reason: messageOf(error) }, 'bus not told'));
  }
}
