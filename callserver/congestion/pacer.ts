import { MAX_PACKET } from '../packet/slot.ts';

/** What may wait: repairs go out before new pictures. Sound never waits. */
export type PacedKind = 'sound' | 'repair' | 'picture';

/** What is written at the moment that a packet really goes out. */
export interface Fields {
  /** Offsets of the transport-wide number and the send time; -1 when not there. */
  sequenceAt: number;
  sendTimeAt: number;
}

/** Puts a packet on the wire. Returns false when it did not go out. */
export type Transmit = (packet: Buffer, fields: Fields, nowMs: number) => boolean;

/** RTX puts the original number in front of the payload. */
const LARGEST_PACKET = MAX_PACKET + 2;
/** A frame of some packets may go out as it comes. */
const BURST_MS = 10;
const MIN_BURST_BYTES = 3_000;
/**
 * What would wait longer goes out faster than the rate; where the path is seen to
 * be full it is dropped instead: a receiver asks for it again or is past it.
 */
const MAX_QUEUE_MS = 400;
const MIN_QUEUE_PACKETS = 32;
const MAX_QUEUE_PACKETS = 512;
/** Kept for the next time when the queue is empty again. */
const SPARE_PACKETS = 32;

class Waiting implements Fields {
  readonly memory = Buffer.allocUnsafeSlow(LARGEST_PACKET);
  bytes: Buffer = this.memory;
  sequenceAt = -1;
  sendTimeAt = -1;
  owner: object = this;
  discarded = false;
}

/** A ring of copies that are made once and used again. */
class Queue {
  readonly #ring: Waiting[] = [];
  #head = 0;
  length = 0;
  bytes = 0;

  push(packet: Uint8Array, fields: Fields, owner: object): boolean {
    if (this.length >= MAX_QUEUE_PACKETS) return false;
    if (this.length === this.#ring.length) this.#grow();
    const place = this.#ring[(this.#head + this.length) % this.#ring.length];
    if (place === undefined) return false;
    place.memory.set(packet);
    place.bytes = place.memory.subarray(0, packet.length);
    place.sequenceAt = fields.sequenceAt;
    place.sendTimeAt = fields.sendTimeAt;
    place.owner = owner;
    place.discarded = false;
    this.length++;
    this.bytes += packet.length;
    return true;
  }

  /** The ring begins anew, so that what is added stands behind what waits. */
  #grow(): void {
    this.#ring.push(...this.#ring.splice(0, this.#head));
    this.#head = 0;
    for (let i = 0; i < SPARE_PACKETS; i++) this.#ring.push(new Waiting());
  }

  peek(): Waiting | undefined {
    return this.#ring[this.#head];
  }

  shift(): void {
    const first = this.#ring[this.#head];
    if (first === undefined || this.length === 0) return;
    first.owner = first;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.length--;
    if (!first.discarded) this.bytes -= first.bytes.length;
    if (this.length === 0 && this.#ring.length > SPARE_PACKETS) {
      this.#ring.length = SPARE_PACKETS;
      this.#head = 0;
    }
  }

  /** Returns how many. */
  discard(owner: object): number {
    let count = 0;
    for (let i = 0; i < this.length; i++) {
      const waiting = this.#ring[(this.#head + i) % this.#ring.length];
      if (waiting === undefined || waiting.owner !== owner || waiting.discarded) continue;
      waiting.discarded = true;
      this.bytes -= waiting.bytes.length;
      count++;
    }
    return count;
  }
}

/**
 * Spreads a transport's packets so that bursts wait here and not in the path,
 * where sound would wait behind them. As long as the rate allows, packets go
 * straight through and are not copied; otherwise they wait in bounded queues for
 * `drain`, which one timer calls for all transports that have something waiting.
 */
export class Pacer {
  readonly #transmit: Transmit;
  readonly #repairs = new Queue();
  readonly #pictures = new Queue();
  #rate = Number.POSITIVE_INFINITY;
  /** Sent beyond what the rate has allowed so far. */
  #debtBytes = 0;
  #lastMs = 0;
  /** Whether the rate is kept at any price. */
  strict = true;
  /** Packets that would have waited too long. */
  dropped = 0;

  constructor(transmit: Transmit) {
    this.#transmit = transmit;
  }

  /** Bits per second; infinite when nothing is known of the path. */
  set rate(bitsPerSecond: number) {
    this.#rate = bitsPerSecond;
  }

  get rate(): number {
    return this.#rate;
  }

  /** Packets in both queues; a field of its own, as every packet asks for it. */
  waiting = 0;

  get waitingBytes(): number {
    return this.#repairs.bytes + this.#pictures.bytes;
  }

  /** Sends a packet now, or keeps a copy for later. Returns false when it did neither. */
  offer(packet: Buffer, fields: Fields, kind: PacedKind, owner: object, nowMs: number): boolean {
    if (this.#rate === Number.POSITIVE_INFINITY && this.waiting === 0) {
      return this.#transmit(packet, fields, nowMs);
    }
    this.#elapse(nowMs);
    const queue = kind === 'repair' ? this.#repairs : this.#pictures;
    const first = queue.length === 0 && (kind === 'repair' || this.waiting === 0);
    if (kind === 'sound' || (first && this.#debtBytes < this.#burstBytes())) {
      const sent = this.#transmit(packet, fields, nowMs);
      if (sent) this.#debtBytes += packet.length;
      return sent;
    }
    const bound = (this.#rate * MAX_QUEUE_MS) / 8_000;
    let full = this.waiting >= MIN_QUEUE_PACKETS && this.waitingBytes + packet.length > bound;
    if (full && !this.strict) full = this.release(nowMs) === 0;
    if (full || !queue.push(packet, fields, owner)) this.dropped++;
    else this.waiting++;
    return true;
  }

  /** Sends what the rate allows by now. Returns false when nothing is left to wait for. */
  drain(nowMs: number): boolean {
    this.#elapse(nowMs);
    const burst = this.#burstBytes();
    while (this.waiting > 0) {
      const queue = this.#repairs.length > 0 ? this.#repairs : this.#pictures;
      const packet = queue.peek();
      if (packet !== undefined && !packet.discarded) {
        if (this.#debtBytes >= burst) return true;
        if (this.#transmit(packet.bytes, packet, nowMs)) this.#debtBytes += packet.bytes.length;
      }
      queue.shift();
      this.waiting--;
    }
    return false;
  }

  /** Sends the next packet that waits whatever the rate: a probe goes beyond it. Returns its bytes, 0 when none waits. */
  release(nowMs: number): number {
    while (this.waiting > 0) {
      const queue = this.#repairs.length > 0 ? this.#repairs : this.#pictures;
      const packet = queue.peek();
      const bytes = packet === undefined || packet.discarded ? 0 : packet.bytes.length;
      if (packet !== undefined && bytes > 0) this.#transmit(packet.bytes, packet, nowMs);
      queue.shift();
      this.waiting--;
      if (bytes > 0) return bytes;
    }
    return 0;
  }

  /** What of this owner's pictures waits is of no use any more: a key frame of another stream follows. */
  discard(owner: object): void {
    this.dropped += this.#pictures.discard(owner);
  }

  #elapse(nowMs: number): void {
    const allowed = (this.#rate * (nowMs - this.#lastMs)) / 8_000;
    this.#debtBytes = Math.max(0, this.#debtBytes - allowed);
    this.#lastMs = nowMs;
  }

  #burstBytes(): number {
    return Math.max(MIN_BURST_BYTES, (this.#rate * BURST_MS) / 8_000);
  }
}
