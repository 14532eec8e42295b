import { AmphiError } from '#base';
import { type ClientMessage, RESUME_WITHIN_MS } from '#contracts';
import { routeDeadline } from '../route/policy.ts';
import { breakouts, closeBreakouts } from './breakouts.ts';
import { changedChat, chat, chatChanged, chatKept, problemMessage, recentChat } from './chat.ts';
import {
  briefAnew,
  comeBack,
  dropTheGone,
  endMeeting,
  enter,
  goAway,
  lose,
  type Newcomer,
  putOutBanned,
} from './entry.ts';
import { type Handlers, LATER, type MessageType } from './handler.ts';
import { Measures, type Relayed } from './measure.ts';
import { media, sendsNow, setStreams, tellSpeakers } from './media.ts';
import { decideRoute } from './media-route.ts';
import { moderation } from './moderation.ts';
import { paceDeadlines, tellOwed } from './pace.ts';
import { social, tellOwedPoll } from './social.ts';
import { enterStage, leaveStage, speakOnStage, stage } from './stage.ts';
import type { ChatChange, Effect, EndReason, Person, RoomChat, RoomState, Said } from './state.ts';
import { adoptStored, type Stored } from './stored.ts';
import { type RoomDeps, Turn } from './turn.ts';
import { mayRead, publicChat } from './welcome.ts';

/** Answers with a `ref` are remembered so long, for what is said again after a break. */
const MAX_ANSWERED = 64;

/** What is said on a socket before, or beside, being in the room. */
type SocketMessage = 'join' | 'resume' | 'ping';
type StageEntry = Extract<Effect, { type: 'stage-enter' }>;
export type RoomMessage = Exclude<ClientMessage, { type: SocketMessage }>;

const HANDLERS: Handlers<Exclude<MessageType, SocketMessage>> = {
  ...media,
  ...chat,
  ...social,
  ...moderation,
  ...breakouts,
  ...stage,
  leave: (turn, person, { ref }) => {
    const { participantId } = person;
    if (ref !== undefined) turn.send(participantId, { type: 'ok', ref });
    turn.do({ type: 'close', participantId, code: 1000, reason: 'left' });
    goAway(turn, person, 'left');
    return LATER;
  },
};

/**
 * One room: takes what happens and gives what follows. No I/O, no clock of its
 * own: times are handed in, as milliseconds since the epoch. What cannot be
 * done changes nothing.
 */
export class Room {
  readonly state: RoomState;
  readonly #deps: RoomDeps;
  readonly #measures = new Measures();

  constructor(state: RoomState, deps: RoomDeps) {
    this.state = state;
    this.#deps = deps;
  }

  /** Somebody opens a session. Throws `unauthorized`, `banned`, `meeting_locked`, `meeting_full` or `too_many`. */
  enter(
    newcomer: Newcomer,
    join: Extract<ClientMessage, { type: 'join' }>,
    nowMs: number,
  ): Effect[] {
    return this.#turn(nowMs, (turn) => {
      enter(turn, newcomer, join);
      const { participantId } = newcomer;
      if (join.ref !== undefined) turn.send(participantId, { type: 'ok', ref: join.ref });
    });
  }

  /** Somebody is back. Throws `unauthorized` when there is nothing to resume. */
  resume(participantId: string, resumeKey: string, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => comeBack(turn, participantId, resumeKey));
  }

  /** Tells somebody how things stand, from the beginning. */
  brief(participantId: string, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => briefAnew(turn, participantId));
  }

  lose(participantId: string, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => lose(turn, participantId));
  }

  /** A message of somebody in the room, or waiting for it; whatever is wrong with it becomes an answer. */
  receive(participantId: string, message: RoomMessage, nowMs: number): Effect[] {
    return this.#measured(participantId, nowMs, (turn) => {
      const person = this.#find(participantId);
      if (person === undefined || this.#answeredBefore(turn, person, message)) return;
      if (message.ref !== undefined) {
        person.answered = [...person.answered, { ref: message.ref }].slice(-MAX_ANSWERED);
      }
      try {
        this.#measures.require(person, message.type, turn.people.length, nowMs);
        if (this.state.waiting[participantId] !== undefined) requireForWaiting(message);
        if (isRelayed(message) && this.state.people[message.to] !== undefined) {
          this.#measures.requireRelay(participantId, message, nowMs);
        }
        const handle = HANDLERS[message.type] as (
          turn: Turn,
          person: Person,
          message: RoomMessage,
        ) => undefined | typeof LATER;
        if (handle(turn, person, message) !== LATER) this.#answer(turn, person, message.ref);
      } catch (error) {
        this.#fail(turn, person, message.ref, error);
      }
    });
  }

  /** A message of the last ones; undefined when it is not among them. */
  recentChat(messageId: string): RoomChat | undefined {
    return recentChat(this.state, messageId);
  }

  /**
   * The message as a change leaves it that `change-chat` asks for; nothing is
   * changed yet. Throws `not_found`, `forbidden`, `conflict` or `too_many`.
   */
  changedChat(
    by: Person,
    known: RoomChat | undefined,
    change: ChatChange,
    nowMs: number,
  ): RoomChat {
    return changedChat(this.state, by, known, change, nowMs);
  }

  /** A new message is kept for good. */
  chatKept(
    chat: RoomChat,
    by: string | undefined,
    ref: string | undefined,
    nowMs: number,
  ): Effect[] {
    return this.#measured(by, nowMs, (turn) => {
      chatKept(turn, chat);
      this.#chatDone(turn, chat, by, ref);
    });
  }

  /** The message is kept for good as it is now. */
  chatChanged(chat: RoomChat, by: string, ref: string | undefined, nowMs: number): Effect[] {
    return this.#measured(by, nowMs, (turn) => {
      chatChanged(turn, chat);
      this.#chatDone(turn, chat, by, ref);
    });
  }

  /** What `read-chat` asked for: newest last, those that this person may not read left out. */
  chatRead(
    by: string,
    ref: string | undefined,
    messages: RoomChat[],
    more: boolean,
    nowMs: number,
  ): Effect[] {
    return this.#turn(nowMs, (turn) => {
      const person = this.#find(by);
      if (person === undefined) return;
      turn.send(by, {
        type: 'chat-history',
        ...(ref === undefined ? {} : { ref }),
        messages: messages.filter((one) => mayRead(one, person)).map(publicChat),
        more,
      });
      this.#answer(turn, person, ref);
    });
  }

  /** Something that was to be done outside is done: its message is answered. */
  succeed(participantId: string, ref: string | undefined, said: Said[], nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      const person = this.#find(participantId);
      if (person === undefined) return;
      for (const message of said) turn.send(participantId, message);
      this.#answer(turn, person, ref);
    });
  }

  /** Something that was to be done outside went wrong. */
  fail(
    participantId: string | undefined,
    ref: string | undefined,
    error: unknown,
    nowMs: number,
  ): Effect[] {
    return this.#turn(nowMs, (turn) => {
      const person = this.#find(participantId);
      if (person !== undefined) this.#fail(turn, person, ref, error);
    });
  }

  /** Tells somebody who is there something from outside. */
  tell(participantId: string, said: Said, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      if (this.#find(participantId) !== undefined) turn.send(participantId, said);
    });
  }

  /** Whether somebody sends this, as they or a host have said last. */
  isOn({ participantId, media }: RoomState['streams'][number]): boolean {
    const person = this.state.people[participantId];
    return person !== undefined && sendsNow(person, media);
  }

  /** The call server has other streams than before. */
  setStreams(streams: RoomState['streams'], nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => setStreams(turn, streams));
  }

  /** Who speaks, as the call server hears it. */
  speak(participantIds: readonly string[], nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      speakOnStage(turn, participantIds);
      tellSpeakers(turn, participantIds);
    });
  }

  /** The event has taken the room, as `stage-enter` asked for. */
  staged({ stage: entered, by, ref }: StageEntry, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      enterStage(turn, entered);
      const person = this.#find(by);
      if (person !== undefined) this.#answer(turn, person, ref);
    });
  }

  /** The event does not show the room any more. */
  unstaged(reason: string, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => leaveStage(turn, reason));
  }

  /** The meeting was changed over HTTP, or on another node. */
  update(stored: Stored, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      const known = new Set(this.state.banned);
      adoptStored(this.state, stored);
      if (stored.banned.some((name) => !known.has(name))) putOutBanned(turn);
      const { title, settings } = this.state;
      turn.tell({ type: 'meeting-updated', title, settings });
      decideRoute(turn);
    });
  }

  /** Bans came from elsewhere. */
  putOutBanned(nowMs: number): Effect[] {
    return this.#turn(nowMs, putOutBanned);
  }

  end(reason: EndReason, nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => endMeeting(turn, reason));
  }

  /** Time has gone by: what is due is done. */
  tick(nowMs: number): Effect[] {
    return this.#turn(nowMs, (turn) => {
      dropTheGone(turn);
      tellOwed(turn, (what) => {
        const [kind, id = ''] = what.split(' ');
        const person = this.state.people[id];
        if (kind === 'waiting') turn.tellWaitingNow();
        else if (kind === 'poll') tellOwedPoll(turn, id);
        else if (person !== undefined) turn.tellUpdated(person);
      });
      if ((this.state.breakouts?.endsAt ?? Number.POSITIVE_INFINITY) <= nowMs) closeBreakouts(turn);
      decideRoute(turn);
    });
  }

  /** When `tick` is due next; undefined while nothing waits. */
  deadline(nowMs: number): number | undefined {
    const { state } = this;
    const gone = [...Object.values(state.people), ...Object.values(state.waiting)].flatMap(
      ({ goneSince }) => (goneSince === undefined ? [] : [goneSince + RESUME_WITHIN_MS]),
    );
    const route = routeDeadline({ current: state.route, meshBarredUntil: state.meshBarredUntil });
    const ends = state.breakouts?.endsAt;
    const due = [
      ...gone,
      ...paceDeadlines(state),
      ...(ends === undefined ? [] : [ends]),
      ...(route === undefined || route <= nowMs ? [] : [route]),
    ];
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** A turn that somebody in the room asked for: how many others hear what comes of it counts. */
  #measured(by: string | undefined, nowMs: number, work: (turn: Turn) => void): Effect[] {
    const effects = this.#turn(nowMs, work);
    let told = 0;
    for (const effect of effects) if (effect.type === 'send' && effect.to !== by) told++;
    this.#measures.told(told, nowMs);
    return effects;
  }

  #turn(nowMs: number, work: (turn: Turn) => void): Effect[] {
    const turn = new Turn(this.state, this.#deps, nowMs);
    work(turn);
    for (const effect of turn.effects) {
      if (effect.type === 'left') this.#measures.forget(effect.participantId);
    }
    return turn.effects;
  }

  #chatDone(
    turn: Turn,
    { messageId }: RoomChat,
    by: string | undefined,
    ref: string | undefined,
  ): void {
    const person = this.#find(by);
    if (person !== undefined) this.#answer(turn, person, ref, { messageId });
  }

  #find(participantId: string | undefined): Person | undefined {
    if (participantId === undefined) return undefined;
    return this.state.people[participantId] ?? this.state.waiting[participantId];
  }

  /** Whether this was said before; then it is answered as then, or will be. */
  #answeredBefore(turn: Turn, person: Person, { ref }: RoomMessage): boolean {
    const before = ref === undefined ? undefined : person.answered.find((one) => one.ref === ref);
    if (before?.message !== undefined) turn.send(person.participantId, before.message);
    return before !== undefined;
  }

  #answer(
    turn: Turn,
    person: Person,
    ref: string | undefined,
    more: { messageId?: string } = {},
  ): void {
    if (ref !== undefined) this.#say(turn, person, ref, { type: 'ok', ref, ...more });
  }

  #fail(turn: Turn, person: Person, ref: string | undefined, error: unknown): void {
    const problem = problemMessage(error);
    if (ref !== undefined) this.#say(turn, person, ref, { type: 'error', ...problem, ref });
    else turn.send(person.participantId, { type: 'error', ...problem });
  }

  #say(turn: Turn, person: Person, ref: string, message: Said): void {
    const answer = person.answered.find((one) => one.ref === ref);
    if (answer !== undefined) answer.message = message;
    turn.send(person.participantId, message);
  }
}

/** Whether it goes on as it is to who it names; the call server is nobody in the room. */
const isRelayed = (message: RoomMessage): message is Relayed =>
  message.type === 'offer' || message.type === 'answer' || message.type === 'ice-candidate';

/** Throws `forbidden` for what those who wait may not say. */
function requireForWaiting({ type }: RoomMessage): void {
  if (type !== 'leave' && type !== 'rename') {
    throw new AmphiError('forbidden', 'You are waiting to be let in');
  }
}
