import { problemMessage } from '../room/chat.ts';
import type { Said } from '../room/state.ts';

/** A frame that is not repeated after a `resume`. */
export function unnumbered(message: Said): string {
  const { type, ...rest } = message;
  return JSON.stringify({ type, sequence: 0, ...rest });
}

export function errorFrame(error: unknown, ref: string | undefined): string {
  const problem = problemMessage(error);
  return unnumbered({ type: 'error', ...problem, ...(ref === undefined ? {} : { ref }) });
}
