import { expect, it } from 'vitest';
import { micros } from '#base';
import { next, type ProgramInput, type ProgramState } from './state.ts';

const T = micros(1_000);
const idle: ProgramState = { name: 'idle' };
const starting: ProgramState = { name: 'starting', sourceId: 'a', sinceUs: T };
const onAir: ProgramState = { name: 'on-air', sourceId: 'a' };
const interrupted: ProgramState = { name: 'interrupted', sinceUs: T };
const timedOut: ProgramState = { name: 'ended', reason: 'timeout' };
const closed: ProgramState = { name: 'ended', reason: 'host' };

const media: ProgramInput = { type: 'media', sourceId: 'a', atUs: T };
const known: ProgramInput = { type: 'picture-known' };
const resume: ProgramInput = { type: 'resume', atUs: T };
const cutA: ProgramInput = { type: 'cut', sourceId: 'a' };
const cutB: ProgramInput = { type: 'cut', sourceId: 'b' };
const lostA: ProgramInput = { type: 'lost', sourceId: 'a', atUs: T };
const lostB: ProgramInput = { type: 'lost', sourceId: 'b', atUs: T };
const giveUp: ProgramInput = { type: 'give-up' };
const end: ProgramInput = { type: 'end', reason: 'host' };

const onB: ProgramState = { name: 'on-air', sourceId: 'b' };

/** For each state, in the order of the inputs; a dot where nothing changes. */
const INPUTS = [media, known, resume, cutA, cutB, lostA, lostB, giveUp, end] as const;
const TABLE: [ProgramState, (ProgramState | '.')[]][] = [
  [idle, [starting, '.', interrupted, '.', '.', '.', '.', '.', closed]],
  [starting, ['.', onAir, '.', '.', '.', idle, '.', '.', closed]],
  [onAir, ['.', '.', '.', '.', onB, interrupted, '.', '.', closed]],
  [interrupted, ['.', '.', '.', onAir, onB, '.', '.', timedOut, closed]],
  [timedOut, [starting, '.', '.', '.', '.', '.', '.', '.', closed]],
  [closed, ['.', '.', '.', '.', '.', '.', '.', '.', closed]],
];

it.each(
  TABLE.flatMap(([state, row]) =>
    row.map((after, i) => ({
      from: JSON.stringify(state),
      input: JSON.stringify(INPUTS[i]),
      state,
      given: INPUTS[i]!,
      after,
    })),
  ),
)('next: $from + $input', ({ state, given, after }) => {
  const result = next(state, given);
  if (after === '.') expect(result).toBe(state);
  else expect(result).toEqual(after);
});
