/** One second at 20 Mbit/s; feedback about what is older says nothing about now. */
const SIZE = 2048;
const MASK = SIZE - 1;

/** Beside the time, one number for each packet: bytes in 16 bits, cluster in 8, state above. */
const CLUSTER = 2 ** 16;
const STATE = 2 ** 24;
const UNDER_WAY = 1;
const LOST = 2;
const ARRIVED = 3;

/**
 * What went out under which transport-wide number, and when: one ring, written
 * in place packet by packet, time and the rest side by side because many
 * receivers' rings do not fit the processor's cache. Numbers are unwrapped;
 * places in the ring (`at`) hold until as many packets again have gone out.
 */
export class SendHistory {
  readonly #ring = new Float64Array(2 * SIZE);
  #next = 0;
  /** Of packets that no feedback has told of yet. */
  bytesUnderWay = 0;

  /** The 16 bits for the next packet. */
  get nextSequenceNumber(): number {
    return this.#next & 0xffff;
  }

  /** Takes note of the next packet; `cluster` is that of the probe that it belongs to, 0 for none. */
  record(bytes: number, nowMs: number, cluster: number): void {
    const at = (this.#next++ & MASK) * 2;
    if (this.#state(at) === UNDER_WAY) this.bytesUnderWay -= this.bytes(at);
    this.#ring[at] = nowMs;
    this.#ring[at + 1] = bytes + cluster * CLUSTER + UNDER_WAY * STATE;
    this.bytesUnderWay += bytes;
  }

  /** The unwrapped number nearest below the next one that ends in these 16 bits. */
  unwrap(sequenceNumber: number): number {
    const last = this.#next - 1;
    return last - ((last - sequenceNumber) & 0xffff);
  }

  /** The place of a packet; -1 when it is forgotten or never went out. */
  find(sequence: number): number {
    const age = this.#next - sequence;
    return age > 0 && age <= SIZE && sequence >= 0 ? (sequence & MASK) * 2 : -1;
  }

  sentMs(at: number): number {
    return this.#ring[at] ?? 0;
  }

  bytes(at: number): number {
    return (this.#ring[at + 1] ?? 0) & (CLUSTER - 1);
  }

  cluster(at: number): number {
    return ((this.#ring[at + 1] ?? 0) >>> 16) & 0xff;
  }

  #state(at: number): number {
    return (this.#ring[at + 1] ?? 0) >>> 24;
  }

  /** Returns false when this was known. */
  arrived(at: number): boolean {
    const state = this.#state(at);
    if (state === ARRIVED) return false;
    if (state === UNDER_WAY) this.bytesUnderWay -= this.bytes(at);
    this.#turn(at, ARRIVED);
    return true;
  }

  /** Returns false when something was known of it already. */
  lost(at: number): boolean {
    if (this.#state(at) !== UNDER_WAY) return false;
    this.bytesUnderWay -= this.bytes(at);
    this.#turn(at, LOST);
    return true;
  }

  #turn(at: number, state: number): void {
    this.#ring[at + 1] = ((this.#ring[at + 1] ?? 0) % STATE) + state * STATE;
  }
}
