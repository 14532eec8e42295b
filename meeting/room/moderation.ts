import { AmphiError } from '#base';
import { isBanned, namesOf, withBans } from './bans.ts';
import { admit, endMeeting, sendAway } from './entry.ts';
import type { Handlers } from './handler.ts';
import { giveRole } from './inheritance.ts';
import { stopSending } from './media.ts';
import { moderates, outranks, requireHost, requireModerator, requireRank } from './rights.ts';
import type { Person } from './state.ts';
import type { Turn } from './turn.ts';

/** What hosts and co-hosts do. */
type Moderation =
  | 'admit'
  | 'admit-all'
  | 'deny'
  | 'lock'
  | 'mute-participant'
  | 'mute-all'
  | 'ask-to-unmute'
  | 'stop-video'
  | 'remove'
  | 'ban'
  | 'make-host'
  | 'make-cohost'
  | 'make-participant'
  | 'end';

export const moderation: Handlers<Moderation> = {
  admit: (turn, person, { participantId }) => {
    requireModerator(person);
    admit(turn, participantId);
    turn.tellWaiting();
    return undefined;
  },
  'admit-all': (turn, person) => {
    requireModerator(person);
    const admissible = turn.waiting.filter((waits) => !isBanned(turn.state, waits));
    const room = turn.state.settings.capacity - turn.people.length;
    if (room <= 0 && admissible.length > 0) throw new AmphiError('meeting_full');
    for (const { participantId } of admissible.slice(0, room)) admit(turn, participantId);
    turn.tellWaiting();
    return undefined;
  },
  deny: (turn, person, { participantId }) => {
    requireModerator(person);
    const waits = turn.state.waiting[participantId];
    if (waits === undefined) throw new AmphiError('participant_not_found');
    sendAway(turn, waits, 'denied');
    return undefined;
  },
  lock: (turn, person, { locked }) => {
    requireModerator(person);
    const { state } = turn;
    if (state.settings.locked === locked) return undefined;
    state.settings = { ...state.settings, locked };
    turn.do({ type: 'locked' });
    turn.tell({ type: 'meeting-updated', title: state.title, settings: state.settings });
    return undefined;
  },
  'mute-participant': (turn, person, { participantId }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    requireRank(person, target, 'equal');
    silence(turn, person, target);
    return undefined;
  },
  'mute-all': (turn, person) => {
    requireModerator(person);
    for (const other of turn.people) {
      if (other !== person && !moderates(other)) silence(turn, person, other);
    }
    return undefined;
  },
  'ask-to-unmute': (turn, person, { participantId }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    if (target.role === 'viewer') throw new AmphiError('conflict', 'A viewer does not send');
    target.mayUnmute = true;
    turn.send(participantId, {
      type: 'asked-to-unmute',
      by: person.participantId,
      mediaType: 'audio',
    });
    return undefined;
  },
  'stop-video': (turn, person, { participantId, mediaType }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    requireRank(person, target, 'equal');
    const types =
      mediaType === 'video' ? (['video'] as const) : (['screen', 'screen-audio'] as const);
    stopSending(turn, target, types);
    turn.send(participantId, { type: 'muted-by-host', by: person.participantId, mediaType });
    return undefined;
  },
  remove: (turn, person, { participantId }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    requireRank(person, target, 'above');
    sendAway(turn, target, 'removed');
    return undefined;
  },
  ban: (turn, person, { participantId }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    requireRank(person, target, 'above');
    const { state } = turn;
    const banned = namesOf(target);
    state.banned = withBans(state.banned, banned);
    turn.do({ type: 'banned' });
    // Everywhere that this browser or account is: in another tab, on another device, waiting.
    for (const one of [...turn.people, ...turn.waiting]) {
      if (outranks(person, one) && isBanned({ banned }, one)) sendAway(turn, one, 'banned');
    }
    return undefined;
  },
  'make-host': (turn, person, { participantId }) => {
    requireHost(person);
    promote(turn, person, turn.person(participantId), 'host');
    return undefined;
  },
  'make-cohost': (turn, person, { participantId }) => {
    requireHost(person);
    const target = turn.person(participantId);
    requireOtherHost(turn, target);
    promote(turn, person, target, 'co-host');
    return undefined;
  },
  'make-participant': (turn, person, { participantId, role }) => {
    requireModerator(person);
    const target = turn.person(participantId);
    if (moderates(target)) requireHost(person);
    requireOtherHost(turn, target);
    giveRole(person, target, role);
    if (role === 'viewer') stopSending(turn, target, ['audio', 'video', 'screen', 'screen-audio']);
    turn.tellUpdated(target);
    return undefined;
  },
  end: (turn, person) => {
    requireHost(person);
    endMeeting(turn, 'host');
    return undefined;
  },
};

/** Throws `conflict` when this person is the only host. */
function requireOtherHost(turn: Turn, target: Person): void {
  if (target.role !== 'host') return;
  if (turn.people.some((other) => other !== target && other.role === 'host')) return;
  throw new AmphiError('conflict', 'Make somebody else host first');
}

function promote(turn: Turn, by: Person, target: Person, role: 'host' | 'co-host'): void {
  giveRole(by, target, role);
  turn.tellUpdated(target);
  turn.send(target.participantId, { type: 'waiting-list', waiting: turn.waitingList() });
}

function silence(turn: Turn, by: Person, target: Person): void {
  target.mayUnmute = false;
  if (!target.audio) return;
  stopSending(turn, target, ['audio']);
  turn.send(target.participantId, {
    type: 'muted-by-host',
    by: by.participantId,
    mediaType: 'audio',
  });
}
