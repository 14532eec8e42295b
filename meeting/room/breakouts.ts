import { AmphiError } from '#base';
import { broadcastChat } from './chat.ts';
import { type Handlers, LATER } from './handler.ts';
import { tellStreams } from './media.ts';
import { streamsFor } from './receivable.ts';
import { moderates, requireModerator } from './rights.ts';
import type { Person } from './state.ts';
import type { Turn } from './turn.ts';
import { breakoutsOf } from './welcome.ts';

/** Rooms within the room: people see, hear and read those of their own only. */
type Breakout = 'breakout-open' | 'breakout-assign' | 'breakout-broadcast' | 'breakout-close';

const BREAKOUT_ID_CHARACTERS = 8;

export const breakouts: Handlers<Breakout> = {
  'breakout-open': (turn, person, { rooms, spread, seconds }) => {
    requireModerator(person);
    const { state, deps, nowMs } = turn;
    if (state.breakouts !== undefined) {
      throw new AmphiError('conflict', 'Breakout rooms are open: close them first');
    }
    const named = rooms.flatMap(({ participantIds }) => participantIds);
    if (new Set(named).size !== named.length) {
      throw new AmphiError('bad_request', 'rooms: somebody is in two rooms');
    }
    for (const participantId of named) turn.person(participantId);
    const opened = rooms.map(({ name }) => ({
      breakoutId: deps.newId(BREAKOUT_ID_CHARACTERS),
      name,
    }));
    state.breakouts = {
      rooms: opened,
      ...(seconds === undefined ? {} : { endsAt: nowMs + seconds * 1_000 }),
    };
    const places = new Map<Person, string>();
    rooms.forEach(({ participantIds }, i) => {
      for (const id of participantIds) places.set(turn.person(id), opened[i]?.breakoutId ?? '');
    });
    if (spread) {
      const rest = turn.people.filter((one) => !places.has(one) && !moderates(one));
      rest.forEach((one, i) => {
        places.set(one, opened[i % opened.length]?.breakoutId ?? '');
      });
    }
    for (const [one, breakoutId] of places) move(turn, one, breakoutId);
    tellBreakouts(turn);
    return undefined;
  },
  'breakout-assign': (turn, person, { participantId, breakoutId }) => {
    const target = turn.person(participantId);
    // One may go back, or into the room one was sent to, by oneself: hosts move anybody.
    requireModerator(person);
    if (
      breakoutId !== null &&
      !turn.state.breakouts?.rooms.some((one) => one.breakoutId === breakoutId)
    ) {
      throw new AmphiError('not_found', 'No such breakout room');
    }
    move(turn, target, breakoutId ?? undefined);
    tellBreakouts(turn);
    return undefined;
  },
  'breakout-broadcast': (turn, person, { message, ref }) => {
    requireModerator(person);
    broadcastChat(turn, person, message, ref);
    return LATER;
  },
  'breakout-close': (turn, person) => {
    requireModerator(person);
    closeBreakouts(turn);
    return undefined;
  },
};

function move(turn: Turn, person: Person, breakoutId: string | undefined): void {
  if (person.breakoutId === breakoutId) return;
  if (breakoutId === undefined) delete person.breakoutId;
  else person.breakoutId = breakoutId;
  turn.tellUpdated(person);
}

function tellBreakouts(turn: Turn): void {
  const { state, people } = turn;
  turn.tell({ type: 'breakouts', ...breakoutsOf(state) });
  if (state.streams.length === 0) return;
  for (const person of people) {
    const { participantId } = person;
    turn.do({ type: 'call-server-limit', participantId, streams: streamsFor(state, person) });
  }
  tellStreams(turn);
}

/** Calls everybody back; nothing happens where no rooms are open. */
export function closeBreakouts(turn: Turn): void {
  if (turn.state.breakouts === undefined) return;
  delete turn.state.breakouts;
  for (const person of turn.people) move(turn, person, undefined);
  tellBreakouts(turn);
}
