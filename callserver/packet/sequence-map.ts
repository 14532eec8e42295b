/** Packets asked for again lie within the last 1,000; older ranges are of no use. */
const MAX_RANGES = 64;

interface Range {
  /** First incoming number that this offset is for. */
  from: number;
  /** Incoming minus outgoing. */
  offset: number;
}

/**
 * Outgoing sequence numbers without a hole, out of incoming ones of which some
 * are dropped on purpose and which begin anew when the stream behind is
 * switched. All numbers are unwrapped. A packet that comes late still gets the
 * number that was left for it.
 */
export class SequenceMap {
  #ranges: Range[] = [];
  #highestIn = -1;
  #highestOut: number;

  /** `first` is the outgoing number of the first packet. */
  constructor(first: number) {
    this.#highestOut = first - 1;
  }

  get highestOut(): number {
    return this.#highestOut;
  }

  /** Continues with another incoming stream, at this number of its own. */
  switchTo(sequence: number): void {
    this.#ranges = [{ from: sequence, offset: sequence - this.#highestOut - 1 }];
    this.#highestIn = sequence - 1;
  }

  /** The outgoing number; undefined when the packet is from before the switch. */
  map(sequence: number): number | undefined {
    for (let i = this.#ranges.length - 1; i >= 0; i--) {
      const range = this.#ranges[i];
      if (range === undefined || sequence < range.from) continue;
      const out = sequence - range.offset;
      if (sequence > this.#highestIn) this.#highestIn = sequence;
      if (out > this.#highestOut) this.#highestOut = out;
      return out;
    }
    return undefined;
  }

  /** Leaves a packet out. One that comes late leaves a hole: its number is taken already. */
  drop(sequence: number): void {
    if (sequence <= this.#highestIn) return;
    const last = this.#ranges[this.#ranges.length - 1];
    if (last === undefined) return;
    this.#highestIn = sequence;
    // Numbers of packets that are still under way stay free for them.
    this.#highestOut = Math.max(this.#highestOut, sequence - 1 - last.offset);
    this.#ranges.push({ from: sequence + 1, offset: last.offset + 1 });
    if (this.#ranges.length > MAX_RANGES) this.#ranges.shift();
  }
}
