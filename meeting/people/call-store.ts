import { and, asc, desc, eq, inArray, isNotNull, lt, ne, or, sql } from 'drizzle-orm';
import { type Capabilities, callEndSchema, type MissedCall, type PastCall } from '#contracts';
import type { Redis } from '#platform';
import { type Db, tables } from '#platform/sql';
import { pictureOf } from './repository.ts';

const { calls, users } = tables;

/** A call that rings or goes on. */
export interface Call {
  callId: string;
  caller: string;
  callerName: string;
  /** Where the caller's picture is. */
  picture?: string;
  /** The socket that calls. */
  callerLine: string;
  callerBase: string;
  callee: string;
  media: 'audio' | 'video' | 'screen';
  callerCapabilities: Capabilities;
  calleeCapabilities?: Capabilities;
  state: 'ringing' | 'active';
  /** Since when it is in this state; milliseconds since the epoch. */
  since: number;
  /** Of an accepted one: where it goes on. */
  meetingId?: string;
}

const key = (callId: string): string => `amphi:call:{${callId}}`;
const emptyKey = (callId: string): string => `amphi:call-empty:{${callId}}`;
/** Whose room nobody has looked into for so long, of that one does not know how long it is empty. */
const EMPTY_KEEP_MS = 45_000;
/** A call that nobody ends is forgotten. */
const KEEP_MS = 24 * 3_600_000;
/** How it ended that the callee is told of later. */
const MISSED = ['no-answer', 'unavailable', 'busy', 'cancelled'];
const MAX_TOLD = 100;
/** A call of which the callee is not to learn: the caller is blocked. */
const SECRETLY = 'secretly';

/** Calls: what goes on in Redis, what was in the database. */
export class CallStore {
  readonly #redis: Redis;
  readonly #db: Db;

  constructor(redis: Redis, db: Db) {
    this.#redis = redis;
    this.#db = db;
  }

  async begin(call: Call): Promise<void> {
    const { callId, caller, callee, media } = call;
    await this.#redis.set(key(callId), JSON.stringify(call), 'PX', KEEP_MS);
    await this.#db.insert(calls).values({
      callId,
      callerId: caller,
      calleeId: callee,
      media,
      startedAt: new Date(),
    });
  }

  async find(callId: string): Promise<Call | undefined> {
    const text = await this.#redis.get(key(callId));
    return text === null ? undefined : (JSON.parse(text) as Call);
  }

  /** Replaces the call if it is still in that state: of two who try, one does. */
  async move(call: Call, from: Call['state']): Promise<boolean> {
    const done = await this.#redis.eval(
      MOVE,
      1,
      key(call.callId),
      from,
      JSON.stringify(call),
      String(KEEP_MS),
    );
    return done === 1;
  }

  /** Ends the call if it is still in that state; whether it was. */
  async end(callId: string, from: Call['state'], outcome: string): Promise<boolean> {
    const done = await this.#redis.eval(REMOVE, 1, key(callId), from);
    if (done !== 1) return false;
    await this.#db.update(calls).set({ outcome }).where(eq(calls.callId, callId));
    return true;
  }

  /** Since when nobody was found in its room, each time anybody looked. Milliseconds since the epoch. */
  async emptySince(callId: string, nowMs: number): Promise<number> {
    const name = emptyKey(callId);
    await this.#redis.set(name, nowMs, 'PX', EMPTY_KEEP_MS, 'NX');
    return Number((await this.#redis.getex(name, 'PX', EMPTY_KEEP_MS)) ?? nowMs);
  }

  /** Somebody is in its room. */
  async filled(callId: string): Promise<void> {
    await this.#redis.del(emptyKey(callId));
  }

  /** Calls that this user has missed and not seen yet, oldest first. */
  async missed(userId: string): Promise<MissedCall[]> {
    const rows = await this.#db
      .select({
        callId: calls.callId,
        from: calls.callerId,
        displayName: users.displayName,
        pictureId: users.pictureId,
        media: calls.media,
        at: calls.startedAt,
      })
      .from(calls)
      .innerJoin(users, eq(users.userId, calls.callerId))
      .where(
        and(eq(calls.calleeId, userId), eq(calls.noticed, false), inArray(calls.outcome, MISSED)),
      )
      .orderBy(asc(calls.startedAt))
      .limit(MAX_TOLD);
    return rows.map(({ pictureId, ...row }) => ({
      ...row,
      ...pictureOf({ pictureId }),
      at: row.at.getTime(),
    }));
  }

  /** Calls of this user that are over, newest first; `before` is the id of one. */
  async past(
    userId: string,
    { limit, before }: { limit: number; before: string | undefined },
  ): Promise<PastCall[]> {
    const place = sql`(select started_at, call_id from calls where call_id = ${before})`;
    const rows = await this.#db
      .select({ call: calls, other: users })
      .from(calls)
      .innerJoin(
        users,
        or(
          and(eq(calls.callerId, userId), eq(users.userId, calls.calleeId)),
          and(eq(calls.calleeId, userId), eq(users.userId, calls.callerId)),
        ),
      )
      .where(
        and(
          isNotNull(calls.outcome),
          or(eq(calls.callerId, userId), ne(calls.outcome, SECRETLY)),
          before === undefined ? undefined : lt(sql`(${calls.startedAt}, ${calls.callId})`, place),
        ),
      )
      .orderBy(desc(calls.startedAt), desc(calls.callId))
      .limit(limit);
    return rows.map(({ call, other }) => {
      const isOut = call.callerId === userId;
      const outcome = call.outcome ?? '';
      const isMissed = !isOut && MISSED.includes(outcome);
      return {
        callId: call.callId,
        direction: isOut ? 'out' : 'in',
        userId: other.userId,
        displayName: other.displayName,
        ...pictureOf(other),
        media: call.media,
        outcome: isMissed ? 'missed' : callEndSchema.catch('unavailable').parse(outcome),
        at: call.startedAt.getTime(),
        seen: !isMissed || call.noticed,
      };
    });
  }

  async seen(userId: string): Promise<void> {
    await this.#db
      .update(calls)
      .set({ noticed: true })
      .where(and(eq(calls.calleeId, userId), inArray(calls.outcome, MISSED)));
  }
}

const MOVE = `
local text = redis.call('GET', KEYS[1])
if not text or cjson.decode(text).state ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

const REMOVE = `
local text = redis.call('GET', KEYS[1])
if not text or cjson.decode(text).state ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;
