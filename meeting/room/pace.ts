import type { Turn } from './turn.ts';

/** What many hear and what may come often is told no more often than that. */
const PACE_MS = 200;

/** What is told at its pace: the list of those who wait, or a poll, by its id. */
export const WAITING_LIST = 'waiting';

/** Tells it now, or as it is then when it is time again. */
export function tellPaced(turn: Turn, what: string, tell: () => void): void {
  const { state, nowMs } = turn;
  const before = state.paced?.[what];
  const isDue = before === undefined || nowMs - before.toldAt >= PACE_MS;
  if (isDue) tell();
  const next = isDue ? { toldAt: nowMs } : { ...before, isOwed: true as const };
  state.paced = { ...state.paced, [what]: next };
}

/** Tells what is owed and due by now, and forgets what was told long enough ago. */
export function tellOwed(turn: Turn, tell: (what: string) => void): void {
  const { state, nowMs } = turn;
  for (const [what, { toldAt, isOwed }] of Object.entries(state.paced ?? {})) {
    if (nowMs - toldAt < PACE_MS) continue;
    const { [what]: _, ...rest } = state.paced ?? {};
    state.paced = isOwed ? { ...rest, [what]: { toldAt: nowMs } } : rest;
    if (isOwed) tell(what);
  }
}

/** When that is due next; empty while nothing is owed. */
export const paceDeadlines = ({ paced = {} }: Turn['state']): number[] =>
  Object.values(paced).flatMap(({ toldAt, isOwed }) => (isOwed ? [toldAt + PACE_MS] : []));
