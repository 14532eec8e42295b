import { and, count, desc, eq, lt, or, sql } from 'drizzle-orm';
import { randomId } from '#base';
import type { DirectMessage } from '#contracts';
import { type Db, tables } from '#platform/sql';

const { directMessages } = tables;
const MESSAGE_ID_CHARACTERS = 16;
const PAGE = 50;

/** What contacts have written to each other, kept for good. */
export class DirectMessages {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves once it is kept. `withheld`: only its sender is ever shown it. */
  async keep(
    { from, to, message }: Pick<DirectMessage, 'from' | 'to' | 'message'>,
    withheld: boolean,
  ): Promise<DirectMessage> {
    const messageId = randomId(MESSAGE_ID_CHARACTERS);
    const sentAt = new Date();
    await this.#db
      .insert(directMessages)
      .values({ messageId, fromId: from, toId: to, message, sentAt, withheld });
    return { messageId, from, to, message, timestamp: sentAt.getTime() };
  }

  /** What two have written to each other as one of them may read it: the newest, or those before that message; oldest first. */
  async page(
    reader: string,
    other: string,
    before: string | undefined,
  ): Promise<{ messages: DirectMessage[]; more: boolean }> {
    const { fromId, toId, sentAt, withheld, messageId } = directMessages;
    const place = sql`(select sent_at, message_id from direct_messages where message_id = ${before})`;
    const rows = await this.#db
      .select()
      .from(directMessages)
      .where(
        and(
          or(
            and(eq(fromId, reader), eq(toId, other)),
            and(eq(fromId, other), eq(toId, reader), eq(withheld, false)),
          ),
          before === undefined ? undefined : lt(sql`(${sentAt}, ${messageId})`, place),
        ),
      )
      .orderBy(desc(sentAt), desc(messageId))
      .limit(PAGE + 1);
    const messages = rows
      .slice(0, PAGE)
      .reverse()
      .map((row) => ({
        messageId: row.messageId,
        from: row.fromId,
        to: row.toId,
        message: row.message,
        timestamp: row.sentAt.getTime(),
      }));
    return { messages, more: rows.length > PAGE };
  }

  /** How much of whom this user has not read. */
  async unread(userId: string): Promise<{ userId: string; count: number }[]> {
    const { fromId, toId, seen, withheld } = directMessages;
    return this.#db
      .select({ userId: fromId, count: count() })
      .from(directMessages)
      .where(and(eq(toId, userId), eq(seen, false), eq(withheld, false)))
      .groupBy(fromId);
  }

  /** This user has read what that one wrote. */
  async seen(userId: string, from: string): Promise<void> {
    const { fromId, toId, seen } = directMessages;
    await this.#db
      .update(directMessages)
      .set({ seen: true })
      .where(and(eq(toId, userId), eq(fromId, from), eq(seen, false)));
  }
}
