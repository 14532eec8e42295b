import { NO_LAYER } from '../packet/layer-switch.ts';
import type { PacketSlot } from '../packet/slot.ts';
import type { IncomingStream, PictureGroup } from './incoming-stream.ts';

/**
 * A key frame out of the cache beats a new one, which is as large, as long as what
 * has followed it is young, and takes no longer to send than a request and its
 * answer take. For a switch, where the picture goes on meanwhile, still younger: it
 * would jump back.
 */
const YOUNG_MS = { join: 1_000, switch: 250 } as const;
const SHORT_MS = { join: 150, switch: 80 } as const;
/** Its pictures are shown faster than they were taken, in twice the time that they take to send. */
const CATCH_UP_SHARE = 2;
const MIN_CATCH_UP_MS = 100;
const MAX_CATCH_UP_MS = 2_000;
/** What a replay puts into the queue of the path at one wake-up. */
const MAX_WAITING = 8;
const MAX_PACKETS = 64;
/** Of a sender that answers no request a receiver gets the last key frame again, at most this often. */
const AGAIN_MS = 2_000;
const AGAIN_BURST_MS = 500;

/** What a replay needs of the path that it goes over. */
export interface ReplayPath {
  /** How long this many bytes take at the rate that bursts may go out with, in milliseconds. */
  burstMs(bytes: number, nowMs: number): number;
  /** Packets that others would wait behind. */
  readonly waiting: number;
}

/** How far one receiver has come in a group of pictures that the cache still holds. */
export class Replay {
  readonly #path: ReplayPath;
  #stream: IncomingStream | undefined;
  #layer = NO_LAYER;
  #next = 0;
  #nextAgainMs = Number.NEGATIVE_INFINITY;
  /** How often there was one. */
  count = 0;

  constructor(path: ReplayPath) {
    this.#path = path;
  }

  get running(): boolean {
    return this.#layer !== NO_LAYER;
  }

  /** The stream that is replayed; `NO_LAYER` when none is. */
  get layer(): number {
    return this.#layer;
  }

  /**
   * Begins where that is better than to wait for another key frame. `first`: the
   * receiver has no picture yet; `requests`: the sender answers requests for one.
   */
  begin(
    stream: IncomingStream | undefined,
    first: boolean,
    requests: boolean,
    nowMs: number,
  ): boolean {
    const group = stream?.group(nowMs);
    if (stream === undefined || group === undefined) return false;
    // Where there is no other way to a picture it always is.
    if ((!first || requests) && !this.#isWorthIt(group, first ? 'join' : 'switch', nowMs)) {
      return false;
    }
    this.count++;
    this.#stream = stream;
    this.#layer = stream.layer;
    this.#next = group.first;
    return true;
  }

  #isWorthIt({ ageMs, bytesAfter }: PictureGroup, what: 'join' | 'switch', nowMs: number): boolean {
    return ageMs <= YOUNG_MS[what] && this.#path.burstMs(bytesAfter, nowMs) <= SHORT_MS[what];
  }

  /** Whether a receiver whose sender answers no request may have the last key frame once more. */
  mayBeginAgain(stream: IncomingStream | undefined, nowMs: number): boolean {
    if (nowMs < this.#nextAgainMs || this.running) return false;
    const group = stream?.group(nowMs);
    if (group === undefined || this.#path.burstMs(group.bytes, nowMs) > AGAIN_BURST_MS)
      return false;
    this.#nextAgainMs = nowMs + AGAIN_MS;
    return true;
  }

  /** While it runs: the timestamp that is live, and in how many seconds the receiver is to be there. */
  goal(nowMs: number): { live: number; seconds: number } | undefined {
    const group = this.running ? this.#stream?.group(nowMs) : undefined;
    if (group === undefined) return undefined;
    const ms = this.#path.burstMs(group.bytes, nowMs) * CATCH_UP_SHARE;
    const seconds = Math.min(Math.max(ms, MIN_CATCH_UP_MS), MAX_CATCH_UP_MS) / 1_000;
    return { live: group.live, seconds };
  }

  /** Hands on more of what the cache holds, as fast as the path takes it. Returns false when there is no more. */
  run(pass: (slot: PacketSlot) => void): boolean {
    const stream = this.#stream;
    for (let i = 0; i < MAX_PACKETS && stream !== undefined && this.running; i++) {
      if (this.#path.waiting >= MAX_WAITING) return true;
      const slot = stream.cache.get(this.#next++);
      if (slot !== undefined) pass(slot);
      // A packet may have begun another one.
      if (this.#stream !== stream) return this.running;
      if (this.#next > stream.statistics.highest) this.end();
    }
    return this.running;
  }

  end(): void {
    this.#layer = NO_LAYER;
    this.#stream = undefined;
  }

  /** Whether the turn of a packet that has just come is yet to come. */
  holdsBack(slot: PacketSlot): boolean {
    return slot.layer === this.#layer && slot.sequence >= this.#next;
  }
}
