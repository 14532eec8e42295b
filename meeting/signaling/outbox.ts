import type { Said } from '../room/state.ts';
import { bodyOf, frame } from './frames.ts';

/** So much is kept for somebody who was cut off; the oldest goes first. */
const MAX_MESSAGES = 1_000;
const MAX_BYTES = 1024 * 1024;

interface Kept {
  sequence: number;
  type: Said['type'];
  body: string;
}

/** What one participant was told: numbered, and kept for a while in case it did not arrive. */
export class Outbox {
  readonly #kept: Kept[] = [];
  #bytes = 0;
  #last: number;

  /** The first message will be the one after `last`. */
  constructor(last = 0) {
    this.#last = last;
  }

  /** Numbers a message; the frame that carries it. `body` is made once for all who are told the same. */
  push(message: Said, body = bodyOf(message)): string {
    const { type } = message;
    const sequence = ++this.#last;
    const text = frame(type, sequence, body);
    this.#kept.push({ sequence, type, body });
    this.#bytes += body.length;
    while (this.#kept.length > MAX_MESSAGES || (this.#bytes > MAX_BYTES && this.#kept.length > 1)) {
      this.#bytes -= this.#kept.shift()?.body.length ?? 0;
    }
    return text;
  }

  /** The frames after that number; undefined when some of them are not kept, or there never were so many. */
  after(sequence: number): string[] | undefined {
    if (sequence > this.#last) return undefined;
    const first = this.#kept[0]?.sequence ?? this.#last + 1;
    if (sequence + 1 < first) return undefined;
    return this.#kept
      .filter((one) => one.sequence > sequence)
      .map((one) => frame(one.type, one.sequence, one.body));
  }
}
