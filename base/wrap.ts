/**
 * Arithmetic on counters that wrap around: RTMP and RTP timestamps (32 bits),
 * MPEG-TS timestamps (33 bits), RTP sequence numbers (16 bits).
 */

/** Signed distance between integers, from `from` to `to` on a circle of 2^bits, in [-2^(bits-1), 2^(bits-1)). */
export function wrapDistance(from: number, to: number, bits: number): number {
  // The packet path asks this several times a packet: shifts are many times cheaper than remainders.
  if (bits <= 32) return ((to - from) << (32 - bits)) >> (32 - bits);
  return distanceOnCircle(from, to, 2 ** bits);
}

function distanceOnCircle(from: number, to: number, size: number): number {
  const forward = (((to - from) % size) + size) % size;
  return forward >= size / 2 ? forward - size : forward;
}

/** Continues a wrapping counter as an ordinary number, taking the nearest interpretation of each value. */
export class Unwrapper {
  readonly #size: number;
  #last: number | undefined;

  constructor(bits: number) {
    this.#size = 2 ** bits;
  }

  unwrap(value: number): number {
    this.#last =
      this.#last === undefined
        ? value
        : this.#last + distanceOnCircle(this.#last, value, this.#size);
    return this.#last;
  }

  reset(): void {
    this.#last = undefined;
  }
}
