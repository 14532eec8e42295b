import { AmphiError, type Closable, type Logger } from '#base';
import { ROOM_LEASE_MS } from '#contracts';
import type { NodeClient } from '#platform';
import type { Elsewhere } from '../cascade.ts';
import type { WorkerPool } from '../worker-pool.ts';
import type { Line } from './notice-log.ts';
import { Room } from './room.ts';
import type { SdOrders } from './sd/orders.ts';

const MAX_ROOMS = 2_000;
const LEASE_CHECK_MS = 1_000;

export interface RoomsOptions {
  pool: WorkerPool;
  nodes: NodeClient;
  maxSessionsPerWorker: number;
  /** Workers of other nodes. */
  elsewhere?: Elsewhere;
  sdOrders?: SdOrders;
  log: Logger;
  /** Milliseconds without an owner. */
  leaseMs?: number;
}

/** A room, and whose it is. */
interface Owned {
  room: Room;
  fence: number;
  /** The owner's stream of notices; its end is called when a newer one comes. */
  stream: { end: () => void } | undefined;
  seenMs: number;
}

/** The rooms of this node, each as long as its owner cares for it. */
export class Rooms implements Closable {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Owned>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#endForsaken(), LEASE_CHECK_MS);
  }

  get ids(): string[] {
    return [...this.#rooms.keys()];
  }

  get sessions(): number {
    let sum = 0;
    for (const { room } of this.#rooms.values()) sum += room.sessions;
    return sum;
  }

  /** The room, made where there is none. Throws `stale_fence`, `too_many`. */
  async open(roomId: string, fence: number): Promise<Room> {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return this.#admit(known, fence).room;
    if (this.#rooms.size >= MAX_ROOMS) {
      throw new AmphiError('too_many', `${MAX_ROOMS} rooms are open here`);
    }
    const { log, ...options } = this.#options;
    const room = new Room({ ...options, roomId, log: log.child({ roomId }) });
    const owned: Owned = { room, fence, stream: undefined, seenMs: performance.now() };
    this.#rooms.set(roomId, owned);
    room.on('ended', (reason) => {
      this.#rooms.delete(roomId);
      owned.stream?.end();
      log.info({ roomId, reason }, 'room ended');
    });
    log.info({ roomId }, 'room begun');
    await room.begin();
    return room;
  }

  /** Throws `not_found`, `stale_fence`. */
  find(roomId: string, fence: number): Room {
    return this.#admit(this.#known(roomId), fence).room;
  }

  /**
   * The owner's notices from after a number on; returns what stops them. `end` is
   * called when nothing more comes: the room ended, or a newer stream took its
   * place. Throws `not_found`, also for another incarnation, and `stale_fence`.
   */
  follow(
    roomId: string,
    options: { fence: number; incarnation: string; after: number },
    follower: { line: (line: Line) => void; end: () => void },
  ): () => void {
    const owned = this.#admit(this.#known(roomId), options.fence);
    const { room } = owned;
    if (room.incarnation !== options.incarnation) {
      throw new AmphiError('not_found', `room ${roomId} is another one now`);
    }
    owned.stream?.end();
    const stream = { end: follower.end };
    owned.stream = stream;
    const stop = room.notices.follow(options.after, follower.line);
    return () => {
      stop();
      if (owned.stream !== stream) return;
      owned.stream = undefined;
      owned.seenMs = performance.now();
    };
  }

  #known(roomId: string): Owned {
    const owned = this.#rooms.get(roomId);
    if (owned === undefined) throw new AmphiError('not_found', `no room ${roomId}`);
    return owned;
  }

  #admit(owned: Owned, fence: number): Owned {
    if (fence < owned.fence) throw new AmphiError('stale_fence');
    if (fence > owned.fence) {
      owned.fence = fence;
      const before = owned.stream;
      owned.stream = undefined;
      before?.end();
    }
    owned.seenMs = performance.now();
    return owned;
  }

  #endForsaken(): void {
    const leaseMs = this.#options.leaseMs ?? ROOM_LEASE_MS;
    const now = performance.now();
    for (const { room, stream, seenMs } of [...this.#rooms.values()]) {
      if (stream === undefined && now - seenMs > leaseMs) this.#end(room);
    }
  }

  #end(room: Room): void {
    room.end('lease').catch((error) => {
      this.#options.log.warn({ roomId: room.id, reason: String(error) }, 'room not cleaned up');
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#rooms.values()].map(({ room }) => room.close()));
  }
}
