import type { Said } from '../room/state.ts';

/** So much is kept for somebody who was cut off; the oldest goes first. */
const MAX_MESSAGES = 1_000;
const MAX_BYTES = 1024 * 1024;

/** What one participant was told: numbered, and kept for a while in case it did not arrive. */
export class Outbox {
  readonly #kept: { sequence: number; text: string }[] = [];
  #bytes = 0;
  #last: number;

  /** The first message will be the one after `last`. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** Numbers a message; the frame that carries it. */
  push(message: Said): string {
    this.#last++;
    const { type, ...rest } = message;
    const text = JSON.stringify({ type, sequence: this.#last, ...rest });
    this.#kept.push({ sequence: this.#last, text });
    this.#bytes += text.length;
    while (this.#kept.length > MAX_MESSAGES || (this.#bytes > MAX_BYTES && this.#kept.length > 1)) {
      this.#bytes -= this.#kept.shift()?.text.length ?? 0;
    }
    return text;
  }

  /** The frames after that number; undefined when some of them are not kept, or there never were so many. */
  after(sequence: number): string[] | undefined {
    if (sequence > this.#last) return undefined;
    const first = this.#kept[0]?.sequence ?? this.#last + 1;
    if (sequence + 1 < first) return undefined;
    return this.#kept.filter((one) => one.sequence > sequence).map(({ text }) => text);
  }
}
