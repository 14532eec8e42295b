/** One second at 20 Mbit/s; feedback about what is older says nothing about now. */
const SIZE = 2048;
const MASK = SIZE - 1;

const UNDER_WAY = 1;
const LOST = 2;
const ARRIVED = 3;

/**
 * What went out under which transport-wide number, and when: one ring, written
 * in place packet by packet. Numbers are unwrapped; places in the ring (`at`)
 * hold until as many packets again have gone out.
 */
export class SendHistory {
  readonly #sentMs = new Float64Array(SIZE);
  readonly #sequences = new Float64Array(SIZE).fill(-1);
  readonly #bytes = new Uint16Array(SIZE);
  readonly #clusters = new Uint8Array(SIZE);
  readonly #states = new Uint8Array(SIZE);
  #next = 0;
  /** Of packets that no feedback has told of yet. */
  bytesUnderWay = 0;

  /** The 16 bits for the next packet. */
  get nextSequenceNumber(): number {
    return this.#next & 0xffff;
  }

  /** Takes note of the next packet; `cluster` is that of the probe that it belongs to, 0 for none. */
  record(bytes: number, nowMs: number, cluster: number): void {
    const at = this.#next & MASK;
    if (this.#states[at] === UNDER_WAY) this.bytesUnderWay -= this.#bytes[at] ?? 0;
    this.#sequences[at] = this.#next++;
    this.#sentMs[at] = nowMs;
    this.#bytes[at] = bytes;
    this.#clusters[at] = cluster;
    this.#states[at] = UNDER_WAY;
    this.bytesUnderWay += bytes;
  }

  /** The unwrapped number nearest below the next one that ends in these 16 bits. */
  unwrap(sequenceNumber: number): number {
    const last = this.#next - 1;
    return last - ((last - sequenceNumber) & 0xffff);
  }

  /** The place of a packet; -1 when it is forgotten or never went out. */
  find(sequence: number): number {
    const at = sequence & MASK;
    return this.#sequences[at] === sequence ? at : -1;
  }

  sentMs(at: number): number {
    return this.#sentMs[at] ?? 0;
  }

  bytes(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  cluster(at: number): number {
    return this.#clusters[at] ?? 0;
  }

  /** Returns false when this was known. */
  arrived(at: number): boolean {
    const state = this.#states[at];
    if (state === ARRIVED) return false;
    if (state === UNDER_WAY) this.bytesUnderWay -= this.#bytes[at] ?? 0;
    this.#states[at] = ARRIVED;
    return true;
  }

  /** Returns false when something was known of it already. */
  lost(at: number): boolean {
    if (this.#states[at] !== UNDER_WAY) return false;
    this.#states[at] = LOST;
    this.bytesUnderWay -= this.#bytes[at] ?? 0;
    return true;
  }
}
