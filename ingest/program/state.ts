import type { Micros } from '#base';

/**
 * What an event's program is doing. Each state carries only what is valid in
 * it; `next` is the whole of the transitions, and pure.
 */
export type ProgramState =
  /** Nobody has published yet, or who began to is gone. */
  | { name: 'idle' }
  /** A source sends; its picture is being learnt before the run begins. */
  | { name: 'starting'; sourceId: string; sinceUs: Micros }
  /** A source is on air. */
  | { name: 'on-air'; sourceId: string }
  /** The slate is on air until a source comes (back), for a bounded time. */
  | { name: 'interrupted'; sinceUs: Micros }
  /** Another run may begin unless the host has ended the event. */
  | { name: 'ended'; reason: EndReason };

export type EndReason = 'host' | 'timeout';

export type ProgramInput =
  | { type: 'media'; sourceId: string; atUs: Micros }
  | { type: 'picture-known' }
  /** A run that another process began is taken up. */
  | { type: 'resume'; atUs: Micros }
  /** This source may go on air now. */
  | { type: 'cut'; sourceId: string }
  | { type: 'lost'; sourceId: string; atUs: Micros }
  | { type: 'give-up' }
  | { type: 'end'; reason: EndReason };

export function next(state: ProgramState, input: ProgramInput): ProgramState {
  if (input.type === 'end') return { name: 'ended', reason: input.reason };
  switch (state.name) {
    case 'idle':
      if (input.type === 'resume') return { name: 'interrupted', sinceUs: input.atUs };
      return input.type === 'media' ? starting(input) : state;
    case 'ended':
      return input.type === 'media' && state.reason === 'timeout' ? starting(input) : state;
    case 'starting':
      if (input.type === 'picture-known') return { name: 'on-air', sourceId: state.sourceId };
      if (input.type === 'lost' && input.sourceId === state.sourceId) return { name: 'idle' };
      return state;
    case 'on-air':
      if (input.type === 'cut' && input.sourceId !== state.sourceId) {
        return { name: 'on-air', sourceId: input.sourceId };
      }
      if (input.type === 'lost' && input.sourceId === state.sourceId) {
        return { name: 'interrupted', sinceUs: input.atUs };
      }
      return state;
    case 'interrupted':
      if (input.type === 'cut') return { name: 'on-air', sourceId: input.sourceId };
      if (input.type === 'give-up') return { name: 'ended', reason: 'timeout' };
      return state;
  }
}

const starting = (input: ProgramInput & { type: 'media' }): ProgramState => ({
  name: 'starting',
  sourceId: input.sourceId,
  sinceUs: input.atUs,
});
