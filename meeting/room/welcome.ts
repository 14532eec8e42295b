import { streamsFor } from './receivable.ts';
import { moderates } from './rights.ts';
import { shownStage } from './stage.ts';
import type { Person, RoomChat, RoomPoll, RoomState, Said } from './state.ts';
import { shown } from './state.ts';
import type { Turn } from './turn.ts';

/** How many of the newest messages a late joiner gets at once. */
const WELCOME_CHAT = 50;

/** How things stand, for one who has just come or could not be told what was missed. */
export function welcome(turn: Turn, person: Person, resumed: boolean): Said {
  const { state, deps, nowMs } = turn;
  const breakouts = breakoutsOf(state);
  return {
    type: 'welcome',
    resumed,
    resumeKey: person.resumeKey,
    self: shown(person),
    participants: turn.people.filter((other) => other !== person).map(shown),
    meeting: { meetingId: state.meetingId, title: state.title, settings: state.settings },
    route: { peers: state.route.peers, reason: state.route.reason },
    streams: streamsFor(state, person),
    iceServers: deps.iceServers(),
    chat: state.chat
      .filter((chat) => mayRead(chat, person))
      .slice(-WELCOME_CHAT)
      .map(publicChat),
    polls: state.polls.map(pollView),
    ...(breakouts.rooms.length === 0 ? {} : { breakouts }),
    ...shownStage(state),
    waiting: moderates(person) ? turn.waitingList() : [],
    serverTime: nowMs,
  };
}

/** Whether this message is for this person. */
export function mayRead(chat: RoomChat, { participantId, breakoutId }: Person): boolean {
  if (chat.to !== undefined) return chat.to === participantId || chat.from === participantId;
  return chat.everywhere === true || chat.breakoutId === breakoutId;
}

/** The message without what only the server has to know. */
export function publicChat(chat: RoomChat): Omit<RoomChat, 'breakoutId' | 'everywhere'> {
  const { breakoutId: _, everywhere: __, ...rest } = chat;
  return rest;
}

export function pollView({ votes, options, ...poll }: RoomPoll) {
  const chosen = Object.values(votes);
  return {
    ...poll,
    options: options.map((text, i) => ({
      text,
      votes: chosen.filter((indices) => indices.includes(i)).length,
    })),
    voters: chosen.length,
  };
}

export function breakoutsOf({ breakouts, people }: RoomState) {
  const rooms = (breakouts?.rooms ?? []).map((room) => ({
    ...room,
    participantIds: Object.values(people)
      .filter(({ breakoutId }) => breakoutId === room.breakoutId)
      .map(({ participantId }) => participantId),
  }));
  const endsAt = breakouts?.endsAt;
  return { rooms, ...(endsAt === undefined ? {} : { endsAt }) };
}
