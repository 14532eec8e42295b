import { chooseRoute } from '../route/policy.ts';
import type { Turn } from './turn.ts';

/** Looks again which way media goes, and tells everybody (but `except`) when that changes. */
export function decideRoute(turn: Turn, except?: string): void {
  const { state, nowMs } = turn;
  const choice = chooseRoute({
    nowMs,
    current: state.route,
    meshBarredUntil: state.meshBarredUntil,
    setting: state.settings.route,
    onStage: state.stage !== undefined,
    hasCallServer: turn.deps.hasCallServer(),
    people: turn.people,
  });
  state.meshBarredUntil = choice.meshBarredUntil;
  const { peers, reason } = choice;
  if (peers === state.route.peers) {
    state.route = { peers, reason, since: state.route.since };
    return;
  }
  state.route = { peers, reason, since: nowMs };
  turn.tell({ type: 'route', peers, reason }, ({ participantId }) => participantId !== except);
}
