/**
 * Arithmetic on counters that wrap around: RTMP and RTP timestamps (32 bits),
 * MPEG-TS timestamps (33 bits), RTP sequence numbers (16 bits).
 */

/** Signed distance from `from` to `to` on a circle of 2^bits, in [-2^(bits-1), 2^(bits-1)). */
export function wrapDistance(from: number, to: number, bits: number): number {
  const size = 2 ** bits;
  const half = size / 2;
  const forward = (((to - from) % size) + size) % size;
  return forward >= half ? forward - size : forward;
}

/** Continues a wrapping counter as an ordinary number, taking the nearest interpretation of each value. */
export class Unwrapper {
  readonly #bits: number;
  #last: number | undefined;

  constructor(bits: number) {
    this.#bits = bits;
  }

  unwrap(value: number): number {
    this.#last =
      this.#last === undefined ? value : this.#last + wrapDistance(this.#last, value, this.#bits);
    return this.#last;
  }

  reset(): void {
    this.#last = undefined;
  }
}
