import { boolean, index, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/** The durable state of the broadcast side. `migrations.ts` creates the same, statement by statement. */

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
