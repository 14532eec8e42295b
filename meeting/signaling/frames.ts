import { translateRedis } from '#platform';
import { problemMessage } from '../room/chat.ts';
import type { Said } from '../room/state.ts';

/** A frame that is not repeated after a `resume`. */
export function unnumbered(message: Said): string {
  const { type, ...rest } = message;
  return JSON.stringify({ type, sequence: 0, ...rest });
}

/** The type of a frame of ours, in which it comes first. */
export const typeOf = (text: string): string | undefined => /^\{"type":"([\w-]+)"/.exec(text)?.[1];

export function errorFrame(error: unknown, ref: string | undefined): string {
  const problem = problemMessage(translateRedis(error));
  return unnumbered({ type: 'error', ...problem, ...(ref === undefined ? {} : { ref }) });
}
