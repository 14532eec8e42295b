import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { AmphiError, randomId } from '#base';
import type { MeetingSettings, ParticipantRole, RoomMedia } from '#contracts';
import { type Db, tables } from '#platform/sql';
import { withBans } from '../room/bans.ts';
import type { Stored } from '../room/stored.ts';

const { meetings, participants, mediaStreams, users } = tables;

export type MeetingRow = typeof meetings.$inferSelect;

/** What nobody has set otherwise. */
const DEFAULT_SETTINGS: Omit<MeetingSettings, 'hasPassword'> = {
  waitingRoom: false,
  locked: false,
  muteOnEntry: false,
  capacity: 100,
  entryRole: 'participant',
  chat: 'everyone',
  screenShare: 'everyone',
  unmuteSelf: true,
  whenHostLeaves: 'hand-over',
  route: 'auto',
};

/** The settings of a meeting, with what was left out filled in. */
export function settingsOf(row: Pick<MeetingRow, 'settings' | 'passwordHash'>): MeetingSettings {
  return { ...DEFAULT_SETTINGS, ...row.settings, hasPassword: row.passwordHash !== null };
}

/** What a room has of its meeting. */
export const storedOf = (row: MeetingRow): Stored => ({
  title: row.title,
  settings: settingsOf(row),
  banned: row.banned,
});

const GROUPS = 4;
const GROUP_CHARACTERS = 4;
const newMeetingId = (): string =>
  Array.from({ length: GROUPS }, () => randomId(GROUP_CHARACTERS)).join('-');

export interface NewMeeting {
  title: string;
  ownerId: string | undefined;
  hostKeyHash: string;
  passwordHash: string | undefined;
  settings: Record<string, unknown>;
  startTime: Date | undefined;
  durationMinutes: number;
}

/** Meetings, and who was in them and sent what. */
export class MeetingRepository {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Throws `too_many` when its owner has `mostOpen` meetings that are not over. */
  async create(meeting: NewMeeting, mostOpen: number): Promise<MeetingRow> {
    const { ownerId } = meeting;
    if (ownerId === undefined) return insert(this.#db, meeting);
    return this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      // One after the other: each must see what those before it have made.
      await db.select().from(users).where(eq(users.userId, ownerId)).for('update');
      const open = await db.$count(
        meetings,
        and(eq(meetings.ownerId, ownerId), isNull(meetings.endedAt)),
      );
      if (open >= mostOpen) {
        throw new AmphiError('too_many', `You have ${open} meetings. End some of them first.`);
      }
      return insert(db, meeting);
    });
  }

  /** Throws `meeting_not_found`. */
  async meeting(meetingId: string): Promise<MeetingRow> {
    const [row] = await this.#db.select().from(meetings).where(eq(meetings.meetingId, meetingId));
    if (row === undefined) throw new AmphiError('meeting_not_found', `no meeting "${meetingId}"`);
    return row;
  }

  /** Newest first; `after` is the id of the last one seen, `ownerId` that of whoever's they are. */
  async list(page: {
    limit: number;
    after?: string | undefined;
    ownerId?: string | undefined;
  }): Promise<MeetingRow[]> {
    const { limit, after, ownerId } = page;
    const seen = sql`(select created_at, meeting_id from meetings where meeting_id = ${after})`;
    return this.#db
      .select()
      .from(meetings)
      .where(
        and(
          after === undefined
            ? undefined
            : sql`(${meetings.createdAt}, ${meetings.meetingId}) < ${seen}`,
          ownerId === undefined ? undefined : eq(meetings.ownerId, ownerId),
        ),
      )
      .orderBy(desc(meetings.createdAt), desc(meetings.meetingId))
      .limit(limit);
  }

  /** Settings that are not named stay as they are. Throws `meeting_not_found`. */
  async update(
    meetingId: string,
    changes: Partial<
      Pick<MeetingRow, 'title' | 'passwordHash' | 'startTime' | 'durationMinutes'>
    > & { settings?: Partial<MeetingRow['settings']> },
  ): Promise<MeetingRow> {
    const { settings, ...others } = changes;
    if (Object.keys(changes).length === 0) return this.meeting(meetingId);
    const [row] = await this.#db
      .update(meetings)
      .set({ ...others, ...(settings === undefined ? {} : { settings: merged(settings) }) })
      .where(eq(meetings.meetingId, meetingId))
      .returning();
    if (row === undefined) throw new AmphiError('meeting_not_found', `no meeting "${meetingId}"`);
    return row;
  }

  /** These are not let in any more, beside those who were not before. Throws `meeting_not_found`. */
  async ban(meetingId: string, names: readonly string[]): Promise<void> {
    await this.#db.transaction(async (transaction) => {
      const found = eq(meetings.meetingId, meetingId);
      const [row] = await transaction
        .select({ banned: meetings.banned })
        .from(meetings)
        .where(found)
        .for('update');
      if (row === undefined) throw new AmphiError('meeting_not_found', `no meeting "${meetingId}"`);
      const banned = withBans(row.banned, names);
      await transaction.update(meetings).set({ banned }).where(found);
    });
  }

  /** The other settings stay as they are. */
  async lock(meetingId: string, locked: boolean): Promise<void> {
    const settings = merged({ locked });
    await this.#db.update(meetings).set({ settings }).where(eq(meetings.meetingId, meetingId));
  }

  async end(meetingId: string): Promise<void> {
    await this.#db
      .update(meetings)
      .set({ endedAt: new Date() })
      .where(and(eq(meetings.meetingId, meetingId), isNull(meetings.endedAt)));
  }

  async joined(person: {
    participantId: string;
    meetingId: string;
    userId: string | undefined;
    displayName: string;
    role: ParticipantRole;
    joinedAt: Date;
  }): Promise<void> {
    await this.#db
      .insert(participants)
      .values({ ...person, userId: person.userId ?? null })
      .onConflictDoNothing();
  }

  async left(participantId: string, leftAt: Date, leftReason: string): Promise<void> {
    await this.#db
      .update(participants)
      .set({ leftAt, leftReason })
      .where(eq(participants.participantId, participantId));
  }

  async streamBegan(stream: {
    meetingId: string;
    participantId: string;
    media: RoomMedia;
    startedAt: Date;
  }): Promise<void> {
    await this.#db.insert(mediaStreams).values({ ...stream, streamId: randomId(16) });
  }

  async streamEnded(participantId: string, media: RoomMedia, endedAt: Date): Promise<void> {
    await this.#db
      .update(mediaStreams)
      .set({ endedAt })
      .where(
        and(
          eq(mediaStreams.participantId, participantId),
          eq(mediaStreams.media, media),
          isNull(mediaStreams.endedAt),
        ),
      );
  }
}

/** These among the settings, the others as they are. */
const merged = (settings: Partial<MeetingRow['settings']>) =>
  sql`${meetings.settings} || ${JSON.stringify(settings)}::jsonb`;

async function insert(db: Db, meeting: NewMeeting): Promise<MeetingRow> {
  const [row] = await db
    .insert(meetings)
    .values({
      ...meeting,
      meetingId: newMeetingId(),
      ownerId: meeting.ownerId ?? null,
      passwordHash: meeting.passwordHash ?? null,
      startTime: meeting.startTime ?? null,
      banned: [],
    })
    .returning();
  if (row === undefined) throw new AmphiError('internal');
  return row;
}
