/** Changes that parsers stumble over, the same at every run for the same seed. */
export class Mutations {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 on, below this (xorshift). */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** Bytes with up to `most` changes: bits, whole values, cuts, repeats. In memory of their own. */
  bytes(original: Uint8Array, most = 3): Buffer {
    let bytes = Buffer.from(original);
    for (let n = this.below(most + 1); n > 0; n--) {
      const at = this.below(Math.max(1, bytes.length));
      switch (this.below(6)) {
        case 0:
          bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
          break;
        case 1:
          bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xff]);
          break;
        case 2:
          bytes = bytes.subarray(0, at);
          break;
        case 3:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + this.below(8))]);
          break;
        case 4:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(this.below(at + 1))]);
          break;
        default:
          bytes = Buffer.concat([bytes, Buffer.alloc(this.below(64), this.below(256))]);
      }
    }
    return bytes;
  }
}
