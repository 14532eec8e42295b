import { translateAway } from '#platform';
import { problemMessage } from '../room/chat.ts';
import type { Said } from '../room/state.ts';

/** A frame that is not repeated after a `resume`. */
export const unnumbered = (message: Said): string => frame(message.type, 0, bodyOf(message));

/** A message without its type and number: the same for all who are told it. */
export function bodyOf(message: Said): string {
  const { type: _, ...rest } = message;
  return JSON.stringify(rest);
}

/** A message as it goes out: its type first, then its number. */
export const frame = (type: Said['type'], sequence: number, body: string): string =>
  `{"type":"${type}","sequence":${sequence}${body === '{}' ? '' : ','}${body.slice(1)}`;

/** Makes the body of a message that goes to many one after the other once. */
export class LastBody {
  #message: Said | undefined;
  #body = '';

  of(message: Said): string {
    if (message !== this.#message) {
      this.#body = bodyOf(message);
      this.#message = message;
    }
    return this.#body;
  }

  /** What was said may be another the next time, in the same object. */
  forget(): void {
    this.#message = undefined;
  }
}

/** The type of a frame of ours, in which it comes first. */
export const typeOf = (text: string): string | undefined => /^\{"type":"([\w-]+)"/.exec(text)?.[1];

export function errorFrame(error: unknown, ref: string | undefined): string {
  const problem = problemMessage(translateAway(error));
  return unnumbered({ type: 'error', ...problem, ...(ref === undefined ? {} : { ref }) });
}
