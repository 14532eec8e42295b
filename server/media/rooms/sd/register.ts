import { type Closable, type Logger, messageOf } from '#base';
import {
  ROOM_RENDITIONS_TTL_SECONDS,
  type RoomRenditionRecord,
  roomRenditionsKey,
} from '#contracts';
import type { Redis } from '#platform';

const RENEW_MS = (ROOM_RENDITIONS_TTL_SECONDS * 1_000) / 3;

interface Entry {
  roomId: string;
  producerId: string;
  record: RoomRenditionRecord;
}

/** What is being made, where everybody can see it. When this node dies it goes by itself. */
export class SdRegister implements Closable {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.#timer = setInterval(() => {
      for (const entry of this.#entries.values()) this.#write(entry);
    }, RENEW_MS);
  }

  add(roomId: string, producerId: string, record: RoomRenditionRecord): void {
    const entry = { roomId, producerId, record };
    this.#entries.set(producerId, entry);
    this.#write(entry);
  }

  remove(roomId: string, producerId: string): void {
    if (!this.#entries.delete(producerId)) return;
    this.#settle(this.#redis.hdel(roomRenditionsKey(roomId), producerId));
  }

  #write({ roomId, producerId, record }: Entry): void {
    const key = roomRenditionsKey(roomId);
    this.#settle(
      this.#redis
        .multi()
        .hset(key, producerId, JSON.stringify(record))
        .expire(key, ROOM_RENDITIONS_TTL_SECONDS)
        .exec(),
    );
  }

  /** Redis may be away: media does not wait for it. */
  #settle(done: Promise<unknown>): void {
    done.catch((error) =>
      this.#log.debug({ reason: messageOf(error) }, 'smaller pictures are not registered'),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { roomId, producerId } of [...this.#entries.values()]) {
      this.remove(roomId, producerId);
    }
  }
}
