import { AmphiError } from '#base';
import {
  type Capabilities,
  CLOSE_CODES,
  type MeetingSettings,
  type ParticipantRole,
  RESUME_WITHIN_MS,
} from '#contracts';
import { isBanned } from './bans.ts';
import { closeBreakouts } from './breakouts.ts';
import { endInheritance, inherit } from './inheritance.ts';
import { decideRoute } from './media-route.ts';
import { type EndReason, type LeaveReason, type Person, shown } from './state.ts';
import type { Turn } from './turn.ts';
import { hostMadeToLeave, madeToLeave } from './waiting.ts';
import { welcome } from './welcome.ts';

/** Coming in, waiting, going, and what happens when the host goes. */

/** Who a token says that somebody is. */
export interface Newcomer {
  participantId: string;
  displayName: string;
  role: ParticipantRole;
  userId?: string;
  picture?: string;
  mark: string;
  network?: string;
}

const RESUME_KEY_CHARACTERS = 26;
/** A join token is worthless long before. */
const REMEMBER_USED_MS = 15 * 60_000;

/** Where people may not unmute themselves, coming in anew must not do it either. */
const mayBeginAloud = ({ muteOnEntry, unmuteSelf }: MeetingSettings): boolean =>
  unmuteSelf && !muteOnEntry;

/** Throws `unauthorized`, `banned`, `meeting_locked`, `meeting_full` or `too_many`. */
export function enter(
  turn: Turn,
  newcomer: Newcomer,
  starts: { capabilities: Capabilities; audio: boolean; video: boolean },
): void {
  const { state, deps, nowMs } = turn;
  const isHost = newcomer.role === 'host';
  const { participantId } = newcomer;
  if (state.used[participantId] !== undefined) {
    throw new AmphiError('unauthorized', 'This token was used already: join again');
  }
  if (!isHost) {
    if (isBanned(state, newcomer)) throw new AmphiError('banned');
    if (state.settings.locked) throw new AmphiError('meeting_locked');
    if (turn.people.length >= state.settings.capacity) throw new AmphiError('meeting_full');
  }
  const waits = state.settings.waitingRoom && !isHost;
  const leaves = waits ? madeToLeave(turn, newcomer) : [];
  const late = isHost ? hostMadeToLeave(turn) : undefined;
  for (const person of leaves) goAway(turn, person, 'timeout');
  for (const [id, at] of Object.entries(state.used)) {
    if (nowMs - at > REMEMBER_USED_MS && !isHere(turn, id)) delete state.used[id];
  }
  state.used[participantId] = nowMs;
  const sends = newcomer.role !== 'viewer';
  const person: Person = {
    ...newcomer,
    ...(isHost ? { cameAsHost: true as const } : {}),
    joinedAt: nowMs,
    audio: starts.audio && sends && (isHost || mayBeginAloud(state.settings)),
    video: starts.video && sends,
    screen: false,
    screenAudio: false,
    capabilities: starts.capabilities,
    mayUnmute: false,
    resumeKey: deps.newId(RESUME_KEY_CHARACTERS),
    answered: [],
  };
  delete state.emptySince;
  if (waits) {
    state.waiting[participantId] = person;
    turn.send(participantId, { type: 'waiting', resumeKey: person.resumeKey });
    turn.tellWaiting();
  } else {
    if (isHost) endInheritance(turn);
    comeIn(turn, person);
    // Afterwards: the room is never without a host for it.
    if (late !== undefined) goAway(turn, late, 'timeout');
  }
}

const isHere = ({ state }: Turn, id: string): boolean =>
  state.people[id] !== undefined || state.waiting[id] !== undefined;

/** Lets somebody in who waits. Throws `participant_not_found`, `banned` or `meeting_full`. */
export function admit(turn: Turn, participantId: string): void {
  const { state } = turn;
  const person = state.waiting[participantId];
  if (person === undefined)
    throw new AmphiError('participant_not_found', 'Nobody of this id waits');
  if (isBanned(state, person)) throw new AmphiError('banned');
  if (turn.people.length >= state.settings.capacity) throw new AmphiError('meeting_full');
  delete state.waiting[participantId];
  comeIn(turn, person);
}

function comeIn(turn: Turn, person: Person): void {
  person.joinedAt = turn.stamp();
  const message = { type: 'participant-joined', participant: shown(person) } as const;
  turn.tell(message);
  turn.state.people[person.participantId] = person;
  // First, so that the welcome says the way that media goes with this person in.
  decideRoute(turn, person.participantId);
  turn.send(person.participantId, welcome(turn, person, false));
  turn.do({ type: 'joined', person });
  noteStreams(turn, person, true);
}

function noteStreams(turn: Turn, person: Person, on: boolean): void {
  const { participantId } = person;
  const media = [
    ['microphone', person.audio],
    ['camera', person.video],
    ['screen', person.screen],
    ['screen-audio', person.screenAudio],
  ] as const;
  for (const [name, sends] of media) {
    if (sends) turn.do({ type: 'stream', participantId, media: name, on, at: turn.nowMs });
  }
}

/** The socket of somebody broke; they may come back. */
export function lose(turn: Turn, participantId: string): void {
  const person = turn.state.people[participantId] ?? turn.state.waiting[participantId];
  if (person === undefined || person.goneSince !== undefined) return;
  person.goneSince = turn.nowMs;
  if (turn.state.people[participantId] !== undefined) turn.tellConnected(person);
}

/** Somebody came back. Throws `unauthorized` when nobody of this id and key may. */
export function comeBack(turn: Turn, participantId: string, resumeKey: string): void {
  const inside = turn.state.people[participantId];
  const person = inside ?? turn.state.waiting[participantId];
  if (person === undefined || person.resumeKey !== resumeKey) {
    throw new AmphiError('unauthorized', 'There is nothing to resume: join again');
  }
  if (person.goneSince === undefined) return;
  delete person.goneSince;
  if (inside !== undefined) turn.tellConnected(person);
}

/** How things stand, for somebody who came back too late to be told what was missed. */
export function briefAnew(turn: Turn, participantId: string): void {
  const person = turn.state.people[participantId];
  const waits = turn.state.waiting[participantId];
  if (person !== undefined) turn.send(participantId, welcome(turn, person, false));
  else if (waits !== undefined) {
    turn.send(participantId, { type: 'waiting', resumeKey: waits.resumeKey });
  }
}

/** Somebody goes for good. */
export function goAway(turn: Turn, person: Person, reason: LeaveReason): void {
  const { state, nowMs } = turn;
  const { participantId } = person;
  if (state.waiting[participantId] !== undefined) {
    delete state.waiting[participantId];
    turn.do({ type: 'left', participantId, at: nowMs, reason });
    turn.tellWaiting();
  } else {
    delete state.people[participantId];
    noteStreams(turn, person, false);
    state.streams = state.streams.filter((stream) => stream.participantId !== participantId);
    turn.do({ type: 'call-server-close', participantId });
    turn.do({ type: 'left', participantId, at: nowMs, reason });
    turn.tell({ type: 'participant-left', participantId, reason });
    if (person.role === 'host') hostLeft(turn);
    decideRoute(turn);
  }
  if (turn.people.length === 0 && turn.waiting.length === 0) state.emptySince = nowMs;
  if (turn.people.length === 0) closeBreakouts(turn);
}

function hostLeft(turn: Turn): void {
  if (turn.people.some(({ role }) => role === 'host')) return;
  const { whenHostLeaves } = turn.state.settings;
  if (whenHostLeaves === 'end') {
    endMeeting(turn, 'host-left');
  } else if (whenHostLeaves === 'hand-over') {
    inherit(turn);
  }
}

/** Sends somebody away and closes the socket. */
export function sendAway(
  turn: Turn,
  person: Person,
  reason: 'removed' | 'banned' | 'denied',
): void {
  const { participantId } = person;
  turn.send(participantId, { type: 'removed', reason });
  turn.do({ type: 'close', participantId, code: CLOSE_CODES.removed, reason });
  goAway(turn, person, reason === 'denied' ? 'removed' : reason);
}

/** Those are put out, wherever they are in the room, who are banned by now; hosts are above that. */
export function putOutBanned(turn: Turn): void {
  for (const person of [...turn.people, ...turn.waiting]) {
    if (person.role !== 'host' && isBanned(turn.state, person)) sendAway(turn, person, 'banned');
  }
}

/** The meeting is over for all. */
export function endMeeting(turn: Turn, reason: EndReason): void {
  const { state, nowMs } = turn;
  for (const person of [...turn.people, ...turn.waiting]) {
    const { participantId } = person;
    turn.send(participantId, { type: 'meeting-ended', reason });
    turn.do({ type: 'close', participantId, code: CLOSE_CODES.ended, reason: 'meeting ended' });
    if (state.people[participantId] === undefined) continue;
    noteStreams(turn, person, false);
    turn.do({ type: 'call-server-close', participantId });
    turn.do({ type: 'left', participantId, at: nowMs, reason: 'left' });
  }
  state.people = {};
  state.waiting = {};
  state.streams = [];
  state.emptySince = nowMs;
  turn.do({ type: 'ended', reason });
}

/** Those whose time to come back is over are gone. */
export function dropTheGone(turn: Turn): void {
  for (const person of [...turn.people, ...turn.waiting]) {
    const { goneSince, participantId } = person;
    if (goneSince === undefined || turn.nowMs - goneSince < RESUME_WITHIN_MS) continue;
    // The host's going may have ended it for all.
    if (isHere(turn, participantId)) goAway(turn, person, 'timeout');
  }
}
