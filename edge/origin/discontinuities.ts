/**
 * Where a run's encoding parameters changed, as media sequence numbers. One
 * ledger for all renditions: matching content must have matching discontinuity
 * sequence numbers in every playlist (6.2.4), also where only one rendition's
 * parameters changed.
 */
export class Discontinuities {
  /** Ascending. Never trimmed: the sequence number counts from the run's begin. */
  readonly #at: number[];

  constructor(at: readonly number[] = []) {
    this.#at = [...at].sort((a, b) => a - b);
  }

  get numbers(): readonly number[] {
    return this.#at;
  }

  /** Notes a change at this segment, which no rendition may have begun. */
  add(number: number): void {
    if (this.has(number)) return;
    this.#at.push(number);
    this.#at.sort((a, b) => a - b);
  }

  has(number: number): boolean {
    return this.#at.includes(number);
  }

  /** True when one lies after `from` and not after `to`. */
  between(from: number, to: number): boolean {
    return this.#at.some((at) => at > from && at <= to);
  }

  /** EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with this segment. */
  before(first: number): number {
    let count = 0;
    while (count < this.#at.length && (this.#at[count] ?? 0) < first) count++;
    return count;
  }
}
