import { and, asc, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { AmphiError } from '#base';
import type { ChatFile } from '#contracts';
import { type Db, tables } from '#platform/sql';
import { EVERYWHERE } from '../chat/store.ts';

const { chatFiles, chatMessages, meetings } = tables;

export type FileRow = typeof chatFiles.$inferSelect;

/** Somebody who is in a meeting. */
export interface Reader {
  participantId: string;
  /** The breakout room that they are in; undefined for the main room. */
  breakoutId: string | undefined;
}

/** What the database knows of the files of meetings. */
export class FileRepository {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Makes room for a file that is to come: where it is short, files in no message
   * give way, the oldest first, of who is not there any more, or from before
   * `staleBefore`. Their rows are gone then; their bytes are for the caller to
   * remove. Throws `meeting_ended`, or `too_many` when the files of the meeting, or
   * those of this person that are in no message yet, become too many by it.
   */
  async reserve(
    file: Pick<FileRow, 'fileId' | 'meetingId' | 'fromId' | 'person' | 'name' | 'size'>,
    most: { meetingBytes: number; unsent: number; unsentBytes: number },
    { present, staleBefore }: { present: readonly string[]; staleBefore: Date },
  ): Promise<FileRow[]> {
    const { meetingId, person } = file;
    return this.#db.transaction(async (transaction) => {
      // One after the other: each must see what those before it have taken.
      const [meeting] = await transaction
        .select({ endedAt: meetings.endedAt })
        .from(meetings)
        .where(eq(meetings.meetingId, meetingId))
        .for('update');
      if (meeting === undefined || meeting.endedAt !== null) throw new AmphiError('meeting_ended');
      const [taken] = await transaction
        .select({ bytes: sql<string>`coalesce(sum(${chatFiles.size}), 0)` })
        .from(chatFiles)
        .where(eq(chatFiles.meetingId, meetingId));
      const unsent = await transaction
        .select()
        .from(chatFiles)
        .where(and(eq(chatFiles.meetingId, meetingId), isNull(chatFiles.messageId)))
        .orderBy(asc(chatFiles.createdAt), asc(chatFiles.fileId));
      const mine = unsent.filter((row) => row.person === person);
      const myBytes = mine.reduce((sum, { size }) => sum + size, 0);
      if (mine.length >= most.unsent || myBytes + file.size > most.unsentBytes) {
        throw new AmphiError('too_many', 'Send what you have uploaded first');
      }
      let short = Number(taken?.bytes) + file.size - most.meetingBytes;
      const leaving: FileRow[] = [];
      for (const row of unsent) {
        if (short <= 0) break;
        if (present.includes(row.fromId) && row.createdAt >= staleBefore) continue;
        leaving.push(row);
        short -= row.size;
      }
      if (short > 0) {
        throw new AmphiError('too_many', 'The files of this meeting take up as much as they may');
      }
      await transaction.insert(chatFiles).values(file);
      if (leaving.length === 0) return [];
      const ids = leaving.map(({ fileId }) => fileId);
      // One of them may just have been sent: it is kept, and the room is a little too full.
      return transaction
        .delete(chatFiles)
        .where(and(inArray(chatFiles.fileId, ids), isNull(chatFiles.messageId)))
        .returning();
    });
  }

  /** All of it has come. False when the file is wanted no more. */
  async stored(fileId: string, picture: FileRow['picture']): Promise<boolean> {
    const changed = await this.#db
      .update(chatFiles)
      .set({ stored: true, picture })
      .where(eq(chatFiles.fileId, fileId))
      .returning({ fileId: chatFiles.fileId });
    return changed.length > 0;
  }

  /** Whether the meeting is over, or there is none. */
  async isEnded(meetingId: string): Promise<boolean> {
    const [meeting] = await this.#db
      .select({ endedAt: meetings.endedAt })
      .from(meetings)
      .where(eq(meetings.meetingId, meetingId));
    return meeting === undefined || meeting.endedAt !== null;
  }

  async drop(fileId: string): Promise<void> {
    await this.#db.delete(chatFiles).where(eq(chatFiles.fileId, fileId));
  }

  async dropAll(meetingId: string): Promise<void> {
    await this.#db.delete(chatFiles).where(eq(chatFiles.meetingId, meetingId));
  }

  /** Gives a file to a message; again, where it has it already. Undefined when there is none of this person's to give. */
  async attach(
    file: Pick<FileRow, 'meetingId' | 'fileId' | 'fromId'>,
    messageId: string,
  ): Promise<FileRow | undefined> {
    const { meetingId, fileId, fromId } = file;
    const [row] = await this.#db
      .update(chatFiles)
      .set({ messageId })
      .where(
        and(
          eq(chatFiles.fileId, fileId),
          eq(chatFiles.meetingId, meetingId),
          eq(chatFiles.fromId, fromId),
          eq(chatFiles.stored, true),
          or(isNull(chatFiles.messageId), eq(chatFiles.messageId, messageId)),
        ),
      )
      .returning();
    return row;
  }

  /** A file that this participant may have: their own, or that of a message to them, or to all of the main room or their breakout room. */
  async readable(
    meetingId: string,
    fileId: string,
    { participantId, breakoutId }: Reader,
  ): Promise<FileRow | undefined> {
    const places = [EVERYWHERE, ...(breakoutId === undefined ? [] : [breakoutId])];
    const [found] = await this.#db
      .select({ file: chatFiles })
      .from(chatFiles)
      .leftJoin(chatMessages, eq(chatMessages.messageId, chatFiles.messageId))
      .where(
        and(
          eq(chatFiles.fileId, fileId),
          eq(chatFiles.meetingId, meetingId),
          eq(chatFiles.stored, true),
          or(
            eq(chatFiles.fromId, participantId),
            eq(chatMessages.toId, participantId),
            and(
              isNotNull(chatMessages.messageId),
              isNull(chatMessages.toId),
              or(isNull(chatMessages.breakoutId), inArray(chatMessages.breakoutId, places)),
            ),
          ),
          // It is about to be removed.
          or(isNull(chatMessages.messageId), eq(chatMessages.deleted, false)),
        ),
      );
    return found?.file;
  }

  async ofMessage(messageId: string): Promise<FileRow | undefined> {
    const [row] = await this.#db.select().from(chatFiles).where(eq(chatFiles.messageId, messageId));
    return row;
  }

  /** Files in no message that came before then. */
  async unsent(before: Date, limit: number): Promise<FileRow[]> {
    return this.#db
      .select()
      .from(chatFiles)
      .where(and(isNull(chatFiles.messageId), lt(chatFiles.createdAt, before)))
      .limit(limit);
  }

  /** Files of messages that were deleted. */
  async orphaned(limit: number): Promise<FileRow[]> {
    const rows = await this.#db
      .select({ file: chatFiles })
      .from(chatFiles)
      .innerJoin(chatMessages, eq(chatMessages.messageId, chatFiles.messageId))
      .where(eq(chatMessages.deleted, true))
      .limit(limit);
    return rows.map(({ file }) => file);
  }

  /** Meetings that are over and still have files. */
  async ended(limit: number): Promise<string[]> {
    const rows = await this.#db
      .selectDistinct({ meetingId: chatFiles.meetingId })
      .from(chatFiles)
      .innerJoin(meetings, eq(meetings.meetingId, chatFiles.meetingId))
      .where(isNotNull(meetings.endedAt))
      .limit(limit);
    return rows.map(({ meetingId }) => meetingId);
  }
}

/** What everybody may know of a file. */
export const chatFileOf = ({ fileId, name, size, picture }: FileRow): ChatFile => ({
  fileId,
  name,
  size,
  ...(picture === null ? {} : { picture }),
});
