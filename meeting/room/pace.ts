import type { RoomState } from './state.ts';
import type { Turn } from './turn.ts';

/** What many hear and what may come often is told no more often than that. */
const PACE_MS = 200;

/** What is told at its pace: the list of those who wait, a poll, whether somebody is connected. */
export type Paced = 'waiting' | `poll ${string}` | `person ${string}`;

/** Tells it now, or as it is then when it is time again. */
export function tellPaced(turn: Turn, what: Paced, tell: () => void): void {
  const { state, nowMs } = turn;
  const recent = Object.entries(state.paced ?? {}).filter(
    ([, { toldAt, isOwed }]) => isOwed || nowMs - toldAt < PACE_MS,
  );
  const paced: NonNullable<RoomState['paced']> = Object.fromEntries(recent);
  const before = paced[what];
  const isDue = before === undefined || nowMs - before.toldAt >= PACE_MS;
  paced[what] = isDue ? { toldAt: nowMs } : { ...before, isOwed: true };
  state.paced = paced;
  if (isDue) tell();
}

/** Tells what is owed and due by now. */
export function tellOwed(turn: Turn, tell: (what: Paced) => void): void {
  const { state, nowMs } = turn;
  for (const [what, { toldAt, isOwed }] of Object.entries(state.paced ?? {})) {
    if (!isOwed || nowMs - toldAt < PACE_MS) continue;
    state.paced = { ...state.paced, [what]: { toldAt: nowMs } };
    tell(what as Paced);
  }
}

/** When that is due next; empty while nothing is owed. */
export const paceDeadlines = ({ paced = {} }: RoomState): number[] =>
  Object.values(paced).flatMap(({ toldAt, isOwed }) => (isOwed ? [toldAt + PACE_MS] : []));
