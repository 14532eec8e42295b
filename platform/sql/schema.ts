import {
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { ChatFile } from '#contracts';

/** The durable state. `migrations.ts` creates the same, statement by statement. */

const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

export const events = pgTable('events', {
  eventId: text('event_id').primaryKey(),
  title: text('title').notNull(),
  visibility: text('visibility').$type<'public' | 'unlisted' | 'private'>().notNull(),
  latency: text('latency').$type<'ultra' | 'low' | 'standard'>().notNull(),
  /** Names of the rungs to make; null for the whole configured ladder. */
  ladder: jsonb('ladder').$type<string[]>(),
  dvrSeconds: integer('dvr_seconds').notNull(),
  record: boolean('record').notNull(),
  /** Ended by its host: nobody may publish until it is opened again. */
  closed: boolean('closed').notNull().default(false),
  createdAt: createdAt(),
});

export const sources = pgTable(
  'sources',
  {
    sourceId: text('source_id').primaryKey(),
    eventId: text('event_id')
      .notNull()
      .references(() => events.eventId, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    kind: text('kind').$type<'rtmp' | 'whip' | 'srt' | 'room' | 'file' | 'pull'>().notNull(),
    /** SHA-256 of the stream key, hex. The key itself is shown once and kept nowhere. */
    keyHash: text('key_hash').notNull().unique(),
    position: integer('position').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('sources_event').on(table.eventId)],
);

/** Each time that an event was on air. */
export const runs = pgTable(
  'runs',
  {
    runId: text('run_id').primaryKey(),
    eventId: text('event_id')
      .notNull()
      .references(() => events.eventId, { onDelete: 'cascade' }),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
    endedAt: timestamp('ended_at', { withTimezone: true }),
    endReason: text('end_reason'),
  },
  (table) => [index('runs_event').on(table.eventId, table.startedAt)],
);

export const users = pgTable('users', {
  userId: text('user_id').primaryKey(),
  /** In lower case. */
  email: text('email').notNull().unique(),
  displayName: text('display_name').notNull(),
  /** scrypt with its salt and cost. */
  passwordHash: text('password_hash').notNull(),
  /** Of `pictures`; another one for each picture. */
  pictureId: text('picture_id'),
  createdAt: createdAt(),
});

export const meetings = pgTable(
  'meetings',
  {
    meetingId: text('meeting_id').primaryKey(),
    title: text('title').notNull(),
    /** The account that made it; null for one made with the admin token. */
    ownerId: text('owner_id').references(() => users.userId, { onDelete: 'set null' }),
    /** SHA-256 of the host token, hex. The token itself is shown once and kept nowhere. */
    hostKeyHash: text('host_key_hash').notNull(),
    passwordHash: text('password_hash'),
    /** What was set; the rest is as the server has it by default. */
    settings: jsonb('settings').$type<Record<string, unknown>>().notNull(),
    /** Accounts and browsers that are not let in. */
    banned: jsonb('banned').$type<string[]>().notNull(),
    startTime: timestamp('start_time', { withTimezone: true }),
    durationMinutes: integer('duration_minutes').notNull(),
    createdAt: createdAt(),
    endedAt: timestamp('ended_at', { withTimezone: true }),
  },
  (table) => [index('meetings_created').on(table.createdAt, table.meetingId)],
);

const ofMeeting = () =>
  text('meeting_id')
    .notNull()
    .references(() => meetings.meetingId, { onDelete: 'cascade' });

/** Who was in a meeting, and when. */
export const participants = pgTable(
  'participants',
  {
    participantId: text('participant_id').primaryKey(),
    meetingId: ofMeeting(),
    userId: text('user_id').references(() => users.userId, { onDelete: 'set null' }),
    displayName: text('display_name').notNull(),
    role: text('role').$type<'host' | 'co-host' | 'participant' | 'viewer'>().notNull(),
    joinedAt: timestamp('joined_at', { withTimezone: true }).notNull(),
    leftAt: timestamp('left_at', { withTimezone: true }),
    leftReason: text('left_reason'),
  },
  (table) => [index('participants_meeting').on(table.meetingId, table.joinedAt)],
);

/** What somebody sent, and when. */
export const mediaStreams = pgTable(
  'media_streams',
  {
    streamId: text('stream_id').primaryKey(),
    meetingId: ofMeeting(),
    participantId: text('participant_id').notNull(),
    media: text('media').$type<'camera' | 'microphone' | 'screen' | 'screen-audio'>().notNull(),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
    endedAt: timestamp('ended_at', { withTimezone: true }),
  },
  (table) => [index('media_streams_meeting').on(table.meetingId, table.startedAt)],
);

export const chatMessages = pgTable(
  'chat_messages',
  {
    messageId: text('message_id').primaryKey(),
    meetingId: ofMeeting(),
    /** Null: the server's own words. */
    fromId: text('from_id'),
    displayName: text('display_name').notNull(),
    /** Null: to all. */
    toId: text('to_id'),
    message: text('message').notNull(),
    replyTo: text('reply_to'),
    /** The breakout room in which it was said; null: the main room, or all. */
    breakoutId: text('breakout_id'),
    /** Grows from message to message of one meeting. */
    sentAt: timestamp('sent_at', { withTimezone: true, precision: 3 }).notNull(),
    editedAt: timestamp('edited_at', { withTimezone: true, precision: 3 }),
    deleted: boolean('deleted').notNull().default(false),
    /** Who reacted, by emoji. */
    reactions: jsonb('reactions').$type<Record<string, string[]>>().notNull(),
    /** What is said of the file that comes with it. */
    file: jsonb('file').$type<ChatFile>(),
  },
  (table) => [index('chat_messages_meeting').on(table.meetingId, table.sentAt)],
);

/** What people have sent each other; the bytes lie with the objects. */
export const chatFiles = pgTable(
  'chat_files',
  {
    fileId: text('file_id').primaryKey(),
    meetingId: ofMeeting(),
    /** The participant. */
    fromId: text('from_id').notNull(),
    /** Who that is, however often they come in: their account, or a hash of their browser. */
    person: text('person').notNull(),
    name: text('name').notNull(),
    size: integer('size').notNull(),
    picture: jsonb('picture').$type<NonNullable<ChatFile['picture']>>(),
    /** All of it has come. */
    stored: boolean('stored').notNull().default(false),
    /** The message that it came with; null until that is said. */
    messageId: text('message_id'),
    createdAt: createdAt(),
  },
  (table) => [index('chat_files_meeting').on(table.meetingId)],
);

/** What those who have left said of a meeting. */
export const surveyAnswers = pgTable('survey_answers', {
  participantId: text('participant_id').primaryKey(),
  meetingId: ofMeeting(),
  /** From 1, bad, to 5, very good. */
  rating: integer('rating').notNull(),
  answeredAt: timestamp('answered_at', { withTimezone: true }).notNull().defaultNow(),
});

/** What one user has with another: each has a row of their own. */
export const contacts = pgTable(
  'contacts',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    otherId: text('other_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    state: text('state').$type<'requested' | 'asked' | 'accepted' | 'blocked'>().notNull(),
    /** Stands for the other one's id as long as who asked is not to learn whether there is such an account. */
    alias: text('alias'),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.otherId] })],
);

/** Requests to addresses of which there is no account; they become contacts when there is one. */
export const invitations = pgTable(
  'invitations',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    email: text('email').notNull(),
    alias: text('alias').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.email] }),
    index('invitations_email').on(table.email, table.createdAt),
  ],
);

/** Calls between users, as the one who was called is told of them later. */
export const calls = pgTable(
  'calls',
  {
    callId: text('call_id').primaryKey(),
    callerId: text('caller_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    calleeId: text('callee_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    media: text('media').$type<'audio' | 'video' | 'screen'>().notNull(),
    /** How it ended; null while it rings or goes on. */
    outcome: text('outcome'),
    startedAt: timestamp('started_at', { withTimezone: true, precision: 3 }).notNull(),
    /** The callee has been told that it was missed. */
    noticed: boolean('noticed').notNull().default(false),
  },
  (table) => [index('calls_callee').on(table.calleeId, table.startedAt)],
);

/** Profile pictures, small ones: one for each account that has any. */
export const pictures = pgTable('pictures', {
  pictureId: text('picture_id').primaryKey(),
  userId: text('user_id')
    .notNull()
    .unique()
    .references(() => users.userId, { onDelete: 'cascade' }),
  mediaType: text('media_type').notNull(),
  /** In Base64. */
  data: text('data').notNull(),
});

/** What contacts write to each other outside rooms. */
export const directMessages = pgTable(
  'direct_messages',
  {
    messageId: text('message_id').primaryKey(),
    fromId: text('from_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    toId: text('to_id')
      .notNull()
      .references(() => users.userId, { onDelete: 'cascade' }),
    message: text('message').notNull(),
    sentAt: timestamp('sent_at', { withTimezone: true, precision: 3 }).notNull(),
    seen: boolean('seen').notNull().default(false),
    /** From somebody whom the other has blocked: only its sender ever sees it. */
    withheld: boolean('withheld').notNull().default(false),
  },
  (table) => [index('direct_messages_pair').on(table.fromId, table.toId, table.sentAt)],
);
