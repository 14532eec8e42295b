import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Capabilities, MissedCall } from '#contracts';
import type { Redis } from '#platform';
import { type Db, tables } from '#platform/sql';

const { calls, users } = tables;

/** A call that rings or goes on. */
export interface Call {
  callId: string;
  caller: string;
  callerName: string;
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
/** A call that nobody ends is forgotten. */
const KEEP_MS = 24 * 3_600_000;
/** How it ended that the callee is told of later. */
const MISSED = ['no-answer', 'unavailable', 'busy', 'cancelled'];
const MAX_TOLD = 100;

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

  /** Calls that this user has missed and not seen yet, oldest first. */
  async missed(userId: string): Promise<MissedCall[]> {
    const rows = await this.#db
      .select({
        callId: calls.callId,
        from: calls.callerId,
        displayName: users.displayName,
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
    return rows.map((row) => ({ ...row, at: row.at.getTime() }));
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
