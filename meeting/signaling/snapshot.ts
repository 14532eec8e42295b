import { delay, type Logger, messageOf } from '#base';
import type { Redis } from '#platform';
import type { RoomState } from '../room/state.ts';

/** What others may know of a room that is held somewhere: beside its state in Redis. */
export interface LiveRoom {
  participants: {
    participantId: string;
    displayName: string;
    role: RoomState['people'][string]['role'];
    /** The breakout room that they are in. */
    breakoutId?: string;
  }[];
  route: { peers: 'mesh' | 'callserver'; reason: string };
  locked: boolean;
}

const key = (meetingId: string): string => `amphi:room:{${meetingId}}`;
/** A room in which nothing has happened for so long is forgotten; its chat is not. */
const KEEP_SECONDS = 7 * 86_400;
const KEEP_EMPTY_SECONDS = 86_400;

/** Between two writes this process does other things for so many times as long as one took it. */
const SHARE = 9;
/** … and no longer than this, whatever held it up. */
const MOST_REST_MS = 1_000;

/** Keeps a room's state in Redis for whoever holds it next; written in the background, the newest state wins. */
export class SnapshotWriter {
  readonly #redis: Redis;
  readonly #meetingId: string;
  readonly #fence: number;
  readonly #read: () => RoomState;
  readonly #log: Logger;
  readonly #onStale: () => void;
  readonly #hurry = new AbortController();
  #dirty = false;
  #writing: Promise<void> | undefined;

  constructor(options: {
    redis: Redis;
    meetingId: string;
    fence: number;
    read: () => RoomState;
    /** A newer holder has written. */
    onStale: () => void;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#meetingId = options.meetingId;
    this.#fence = options.fence;
    this.#read = options.read;
    this.#onStale = options.onStale;
    this.#log = options.log;
  }

  /** The state has changed. */
  touch(): void {
    this.#dirty = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when the present state is written, or cannot be. Called at the end. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    // All that happens in one go is one write.
    await Promise.resolve();
    while (this.#dirty) {
      this.#dirty = false;
      const startedAt = performance.now();
      const state = this.#read();
      const [whole, live] = [JSON.stringify(state), JSON.stringify(liveOf(state))];
      const tookMs = performance.now() - startedAt;
      try {
        const [name, fence] = [key(this.#meetingId), this.#fence];
        const keep = state.emptySince === undefined ? KEEP_SECONDS : KEEP_EMPTY_SECONDS;
        const written = await this.#redis.eval(WRITE, 1, name, fence, whole, live, keep);
        if (written === 0) this.#onStale();
      } catch (error) {
        this.#log.debug({ reason: messageOf(error) }, 'state of a room not written');
      }
      // A large room in which much happens is not all this process has to do.
      if (tookMs > 1 && !this.#hurry.signal.aborted) {
        await delay(Math.min(tookMs * SHARE, MOST_REST_MS), this.#hurry.signal).catch(() => {});
      }
    }
    this.#writing = undefined;
  }
}

function liveOf(state: RoomState): LiveRoom {
  const { peers, reason } = state.route;
  return {
    participants: Object.values(state.people).map((person) => {
      const { participantId, displayName, role, breakoutId } = person;
      const place = breakoutId === undefined ? {} : { breakoutId };
      return { participantId, displayName, role, ...place };
    }),
    route: { peers, reason },
    locked: state.settings.locked,
  };
}

/** What an earlier holder left. */
export async function readSnapshot(
  redis: Redis,
  meetingId: string,
): Promise<RoomState | undefined> {
  const text = await redis.hget(key(meetingId), 'state');
  return text === null ? undefined : (JSON.parse(text) as RoomState);
}

export async function readLive(redis: Redis, meetingId: string): Promise<LiveRoom | undefined> {
  const text = await redis.hget(key(meetingId), 'live');
  return text === null ? undefined : (JSON.parse(text) as LiveRoom);
}

export async function dropSnapshot(redis: Redis, meetingId: string): Promise<void> {
  await redis.del(key(meetingId));
}

const WRITE = `
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence and tonumber(fence) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'state', ARGV[2], 'live', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1`;
