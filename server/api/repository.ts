import { randomBytes } from 'node:crypto';
import { and, asc, desc, eq, ilike, isNull, max, or, sql } from 'drizzle-orm';
import { AmphiError, randomId } from '#base';
import type { EventSpec } from '#contracts';
import { sha256Hex } from '#platform';
import { type Db, tables } from '#platform/sql';

const { events, sources, runs } = tables;

export type EventRow = typeof events.$inferSelect;
export type SourceRow = typeof sources.$inferSelect;

const EVENT_ID_CHARACTERS = 10;
const SOURCE_ID_CHARACTERS = 10;
const KEY_BYTES = 20;

/** A stream key: 160 random bits, in characters that survive being typed and pasted. */
const newStreamKey = (): string =>
  randomBytes(KEY_BYTES).toString('base64url').replace(/[-_]/g, 'x');

export interface NewEvent {
  eventId?: string | undefined;
  title: string;
  visibility: EventRow['visibility'];
  latency: EventRow['latency'];
  ladder?: string[] | undefined;
  dvrSeconds: number;
  record: boolean;
}

/** Events, their sources and keys, and when they were on air. */
export class EventRepository {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Makes the event and its first source at once. Throws `conflict` when the id is taken. */
  async create(
    event: NewEvent,
  ): Promise<{ event: EventRow; source: SourceRow; streamKey: string }> {
    const eventId = event.eventId ?? randomId(EVENT_ID_CHARACTERS);
    return this.#db.transaction(async (tx) => {
      const [row] = await tx
        .insert(events)
        .values({ ...event, eventId, ladder: event.ladder ?? null })
        .onConflictDoNothing()
        .returning();
      if (row === undefined) throw new AmphiError('conflict', `event "${eventId}" exists already`);
      const made = await addSource(tx as unknown as Db, eventId, {
        name: 'Camera 1',
        kind: 'rtmp',
      });
      return { event: row, ...made };
    });
  }

  /** Throws `event_not_found`. */
  async event(eventId: string): Promise<EventRow> {
    const [row] = await this.#db.select().from(events).where(eq(events.eventId, eventId));
    if (row === undefined) throw new AmphiError('event_not_found', `no event "${eventId}"`);
    return row;
  }

  /** Newest first; `after` is the id of the last one seen, `search` a text in the title or the id. */
  async list(page: {
    limit: number;
    after?: string | undefined;
    search?: string | undefined;
  }): Promise<EventRow[]> {
    const { limit, after, search } = page;
    const place = sql`(${events.createdAt}, ${events.eventId})`;
    const seen = sql`(select created_at, event_id from events where event_id = ${after})`;
    const pattern = `%${search?.replace(/[\\%_]/g, '\\$&')}%`;
    return this.#db
      .select()
      .from(events)
      .where(
        and(
          after === undefined ? undefined : sql`${place} < ${seen}`,
          search === undefined || search === ''
            ? undefined
            : or(ilike(events.title, pattern), ilike(events.eventId, pattern)),
        ),
      )
      .orderBy(desc(events.createdAt), desc(events.eventId))
      .limit(limit);
  }

  /** Public events that may be on air: those with a run that has not ended, newest run first. */
  async publicOnAir(limit: number): Promise<EventRow[]> {
    const rows = await this.#db
      .select({ event: events, startedAt: max(runs.startedAt) })
      .from(events)
      .innerJoin(runs, eq(runs.eventId, events.eventId))
      .where(and(eq(events.visibility, 'public'), eq(events.closed, false), isNull(runs.endedAt)))
      .groupBy(events.eventId)
      .orderBy(desc(max(runs.startedAt)))
      .limit(limit);
    return rows.map(({ event }) => event);
  }

  async patch(eventId: string, change: Partial<EventRow>): Promise<EventRow> {
    if (Object.keys(change).length === 0) return this.event(eventId);
    const [row] = await this.#db
      .update(events)
      .set(change)
      .where(eq(events.eventId, eventId))
      .returning();
    if (row === undefined) throw new AmphiError('event_not_found', `no event "${eventId}"`);
    return row;
  }

  async delete(eventId: string): Promise<void> {
    const [row] = await this.#db.delete(events).where(eq(events.eventId, eventId)).returning();
    if (row === undefined) throw new AmphiError('event_not_found', `no event "${eventId}"`);
  }

  async sources(eventId: string): Promise<SourceRow[]> {
    return this.#db
      .select()
      .from(sources)
      .where(eq(sources.eventId, eventId))
      .orderBy(asc(sources.position));
  }

  async addSource(
    eventId: string,
    source: Pick<SourceRow, 'name' | 'kind'>,
  ): Promise<{ source: SourceRow; streamKey: string }> {
    return this.#db.transaction(async (tx) => {
      // Held until the source is in: meanwhile nobody deletes the event, or takes the same position.
      const [event] = await tx
        .select({ eventId: events.eventId })
        .from(events)
        .where(eq(events.eventId, eventId))
        .for('update');
      if (event === undefined) throw new AmphiError('event_not_found', `no event "${eventId}"`);
      return addSource(tx as unknown as Db, eventId, source);
    });
  }

  /** Throws `source_not_found`. */
  async renameSource(eventId: string, sourceId: string, name: string): Promise<SourceRow> {
    const [row] = await this.#db
      .update(sources)
      .set({ name })
      .where(owned(eventId, sourceId))
      .returning();
    if (row === undefined) throw new AmphiError('source_not_found', `no source "${sourceId}"`);
    return row;
  }

  async deleteSource(eventId: string, sourceId: string): Promise<void> {
    const [row] = await this.#db.delete(sources).where(owned(eventId, sourceId)).returning();
    if (row === undefined) throw new AmphiError('source_not_found', `no source "${sourceId}"`);
  }

  /** A new key; the old one is worthless from now on. */
  async rotateKey(
    eventId: string,
    sourceId: string,
  ): Promise<{ source: SourceRow; streamKey: string }> {
    const streamKey = newStreamKey();
    const [source] = await this.#db
      .update(sources)
      .set({ keyHash: sha256Hex(streamKey) })
      .where(owned(eventId, sourceId))
      .returning();
    if (source === undefined) throw new AmphiError('source_not_found', `no source "${sourceId}"`);
    return { source, streamKey };
  }

  /** The source that this key belongs to, with its event; undefined for a key that nobody has. */
  async byKey(keyHash: string): Promise<{ source: SourceRow; event: EventRow } | undefined> {
    const [row] = await this.#db
      .select({ source: sources, event: events })
      .from(sources)
      .innerJoin(events, eq(sources.eventId, events.eventId))
      .where(eq(sources.keyHash, keyHash));
    return row;
  }

  /** A source by its id, with its event; undefined when there is none. */
  async bySource(sourceId: string): Promise<{ source: SourceRow; event: EventRow } | undefined> {
    const [row] = await this.#db
      .select({ source: sources, event: events })
      .from(sources)
      .innerJoin(events, eq(sources.eventId, events.eventId))
      .where(eq(sources.sourceId, sourceId));
    return row;
  }

  /** What an ingest node must know of the event. */
  async spec(event: EventRow): Promise<EventSpec> {
    const rows = await this.sources(event.eventId);
    return {
      eventId: event.eventId,
      title: event.title,
      visibility: event.visibility,
      latency: event.latency,
      dvrSeconds: event.dvrSeconds,
      sourceIds: rows.map((row) => row.sourceId),
      ...(event.ladder === null ? {} : { ladder: event.ladder }),
    };
  }

  async runStarted(eventId: string, runId: string, startedAt: Date): Promise<void> {
    await this.#db.insert(runs).values({ runId, eventId, startedAt }).onConflictDoNothing();
  }

  async runEnded(runId: string, endedAt: Date, endReason: string): Promise<void> {
    await this.#db.update(runs).set({ endedAt, endReason }).where(eq(runs.runId, runId));
  }

  /** The newest run, over or not. */
  async lastRun(eventId: string): Promise<typeof runs.$inferSelect | undefined> {
    const [row] = await this.#db
      .select()
      .from(runs)
      .where(eq(runs.eventId, eventId))
      .orderBy(desc(runs.startedAt))
      .limit(1);
    return row;
  }
}

const owned = (eventId: string, sourceId: string) =>
  and(eq(sources.eventId, eventId), eq(sources.sourceId, sourceId));

async function addSource(
  db: Db,
  eventId: string,
  source: Pick<SourceRow, 'name' | 'kind'>,
): Promise<{ source: SourceRow; streamKey: string }> {
  const streamKey = newStreamKey();
  const [last] = await db
    .select({ position: max(sources.position) })
    .from(sources)
    .where(eq(sources.eventId, eventId));
  const [row] = await db
    .insert(sources)
    .values({
      sourceId: randomId(SOURCE_ID_CHARACTERS),
      eventId,
      ...source,
      keyHash: sha256Hex(streamKey),
      position: (last?.position ?? -1) + 1,
    })
    .returning();
  if (row === undefined) throw new AmphiError('internal', 'the source was not stored');
  return { source: row, streamKey };
}
