import { AmphiError } from '#base';
import type { RoomStage } from '#contracts';
import { sha256Hex } from '#platform';
import { type Handlers, LATER } from './handler.ts';
import { decideRoute } from './media-route.ts';
import { requireHost } from './rights.ts';
import type { RoomState, Staged } from './state.ts';
import type { Turn } from './turn.ts';

/** The room as a camera of an event. */
type OnStage = 'stage-enter' | 'stage-update' | 'stage-leave';

/** So long somebody stands large at least: a cough does not cut the picture. */
const HOLD_MS = 2_000;

export const stage: Handlers<OnStage> = {
  'stage-enter': (turn, person, { eventId, streamKey, layout, open, ref }) => {
    requireHost(person);
    if (!turn.deps.hasCallServer()) throw new AmphiError('unavailable', 'No call server is up');
    const entering: Staged = { eventId, layout, open, keyHash: sha256Hex(streamKey) };
    turn.do({ type: 'stage-enter', stage: entering, by: person.participantId, ref });
    return LATER;
  },
  'stage-update': (turn, person, { layout, open }) => {
    requireHost(person);
    const present = turn.state.stage;
    if (present === undefined) throw new AmphiError('conflict', 'The room is not on stage');
    if (layout !== undefined) present.layout = layout;
    if (open !== undefined) present.open = open;
    tellStage(turn);
    return undefined;
  },
  'stage-leave': (turn, person) => {
    requireHost(person);
    leaveStage(turn);
    return undefined;
  },
};

/** The event has taken the room. */
export function enterStage(turn: Turn, entered: Staged): void {
  turn.state.stage = entered;
  tellStage(turn);
  decideRoute(turn);
}

/** It is no longer on stage; `reason` says why where nobody here wanted it. */
export function leaveStage(turn: Turn, reason?: string): void {
  if (turn.state.stage === undefined) return;
  delete turn.state.stage;
  turn.tell({ type: 'stage', ...(reason === undefined ? {} : { reason }) });
  decideRoute(turn);
}

/** Whoever speaks in the main room stands large from now on, unless somebody has only just begun to. */
export function speakOnStage(turn: Turn, participantIds: readonly string[]): void {
  const present = turn.state.stage;
  if (present === undefined) return;
  const shown = new Set(performers(turn.state).map(({ participantId }) => participantId));
  const speaker = participantIds.find((id) => shown.has(id));
  if (speaker === undefined || speaker === present.speaker?.participantId) return;
  if (turn.nowMs - (present.speaker?.since ?? 0) < HOLD_MS) return;
  present.speaker = { participantId: speaker, since: turn.nowMs };
}

/** Who is shown, in this order: the one who speaks first, where that matters. */
export function castOf(state: RoomState): { participantId: string; name: string }[] {
  const first = state.stage?.layout === 'speaker' ? state.stage.speaker?.participantId : undefined;
  const rank = (participantId: string) => (participantId === first ? 0 : 1);
  return performers(state)
    .sort((a, b) => rank(a.participantId) - rank(b.participantId))
    .map(({ participantId, displayName }) => ({ participantId, name: displayName }));
}

/** What everybody may know of it. */
export function shownStage({ stage: present }: RoomState): { stage?: RoomStage } {
  if (present === undefined) return {};
  const { eventId, layout, open } = present;
  return { stage: { eventId, layout, open } };
}

/** Those in the main room who may send. */
const performers = ({ people }: RoomState) =>
  Object.values(people).filter(
    ({ role, breakoutId }) => role !== 'viewer' && breakoutId === undefined,
  );

const tellStage = (turn: Turn): void => turn.tell({ type: 'stage', ...shownStage(turn.state) });
