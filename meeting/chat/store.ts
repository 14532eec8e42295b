import { and, desc, eq, isNull, lt, or, sql } from 'drizzle-orm';
import { type Db, tables } from '#platform/sql';
import type { RoomChat } from '../room/state.ts';

const { chatMessages } = tables;
type Row = typeof chatMessages.$inferSelect;

/** Said to all breakout rooms. */
export const EVERYWHERE = '*';

/** Chat as it is kept for good. */
export class ChatStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Keeping one twice is keeping it once: resolves to what is kept under its id. */
  async keep(meetingId: string, chat: RoomChat): Promise<RoomChat> {
    const [row] = await this.#db
      .insert(chatMessages)
      .values({ ...columnsOf(chat), meetingId })
      .onConflictDoNothing()
      .returning({ messageId: chatMessages.messageId });
    if (row !== undefined) return chat;
    // Since then it may have been removed with its meeting.
    return (await this.find(meetingId, chat.messageId)) ?? chat;
  }

  /** What is deleted stays so. */
  async change(chat: RoomChat): Promise<void> {
    const { message, editedAt, deleted, reactions, file } = columnsOf(chat);
    await this.#db
      .update(chatMessages)
      .set({ message, editedAt, deleted, reactions, file })
      .where(
        and(
          eq(chatMessages.messageId, chat.messageId),
          ...(chat.deleted === true ? [] : [eq(chatMessages.deleted, false)]),
        ),
      );
  }

  async find(meetingId: string, messageId: string): Promise<RoomChat | undefined> {
    const [row] = await this.#db
      .select()
      .from(chatMessages)
      .where(and(eq(chatMessages.meetingId, meetingId), eq(chatMessages.messageId, messageId)));
    return row === undefined ? undefined : chatOf(row);
  }

  /** The newest ones before that one, oldest first. */
  async recent(meetingId: string, limit: number): Promise<RoomChat[]> {
    const rows = await this.#db
      .select()
      .from(chatMessages)
      .where(eq(chatMessages.meetingId, meetingId))
      .orderBy(desc(chatMessages.sentAt))
      .limit(limit);
    return rows.reverse().map(chatOf);
  }

  /** What somebody may read, before that message or the newest, oldest first; and whether there is more. */
  async page(
    meetingId: string,
    reader: { participantId: string; breakoutId: string | undefined },
    page: { before: string | undefined; limit: number },
  ): Promise<{ messages: RoomChat[]; more: boolean }> {
    const { participantId, breakoutId } = reader;
    const { before, limit } = page;
    const { toId, fromId, sentAt } = chatMessages;
    const here =
      breakoutId === undefined
        ? isNull(chatMessages.breakoutId)
        : eq(chatMessages.breakoutId, breakoutId);
    const seen = sql`(select sent_at from chat_messages where message_id = ${before} and meeting_id = ${meetingId})`;
    const rows = await this.#db
      .select()
      .from(chatMessages)
      .where(
        and(
          eq(chatMessages.meetingId, meetingId),
          before === undefined ? undefined : lt(sentAt, seen),
          or(
            eq(toId, participantId),
            eq(fromId, participantId),
            and(isNull(toId), or(here, eq(chatMessages.breakoutId, EVERYWHERE))),
          ),
        ),
      )
      .orderBy(desc(sentAt))
      .limit(limit + 1);
    return { messages: rows.slice(0, limit).reverse().map(chatOf), more: rows.length > limit };
  }
}

function columnsOf(chat: RoomChat): Omit<Row, 'meetingId'> {
  return {
    messageId: chat.messageId,
    fromId: chat.from ?? null,
    displayName: chat.displayName,
    toId: chat.to ?? null,
    message: chat.message,
    replyTo: chat.replyTo ?? null,
    breakoutId: chat.everywhere ? EVERYWHERE : (chat.breakoutId ?? null),
    sentAt: new Date(chat.timestamp),
    editedAt: chat.editedAt === undefined ? null : new Date(chat.editedAt),
    deleted: chat.deleted ?? false,
    reactions: chat.reactions ?? {},
    file: chat.file ?? null,
  };
}

function chatOf(row: Row): RoomChat {
  const { fromId, toId, replyTo, breakoutId, editedAt, reactions, file } = row;
  return {
    messageId: row.messageId,
    ...(fromId === null ? {} : { from: fromId }),
    displayName: row.displayName,
    ...(toId === null ? {} : { to: toId }),
    message: row.message,
    ...(file === null ? {} : { file }),
    ...(replyTo === null ? {} : { replyTo }),
    timestamp: row.sentAt.getTime(),
    ...(editedAt === null ? {} : { editedAt: editedAt.getTime() }),
    ...(row.deleted ? { deleted: true } : {}),
    ...(Object.keys(reactions).length === 0 ? {} : { reactions }),
    ...(breakoutId === EVERYWHERE ? { everywhere: true } : {}),
    ...(breakoutId === null || breakoutId === EVERYWHERE ? {} : { breakoutId }),
  };
}
