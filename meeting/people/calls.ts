import { isDeepStrictEqual } from 'node:util';
import { AmphiError, isAmphiError, type Logger, messageOf, randomId } from '#base';
import type {
  Agreed,
  BusEvent,
  CallEnd,
  CallEvent,
  CallMessage,
  Capabilities,
  JoinedMeeting,
} from '#contracts';
import type { Line } from '../signaling/line.ts';
import { agree } from './agree.ts';
import type { Call, CallStore } from './call-store.ts';
import type { PresenceBoard } from './presence.ts';
import { type PeopleRepository, pictureOf } from './repository.ts';
import type { UserChannels } from './user-channel.ts';

/** Somebody at a device. */
export interface Caller {
  userId: string;
  displayName: string;
  /** The address by which this device reaches us. */
  base: string;
  line: Line;
}

type Room = Omit<JoinedMeeting, 'status'> & { meetingId: string };

type Unstamped<T> = T extends unknown ? Omit<T, 'at'> : never;
export type CallChange = Unstamped<Extract<BusEvent, { type: `call.${string}` }>>;

export interface CallDeps {
  people: PeopleRepository;
  calls: CallStore;
  channels: UserChannels;
  presence: PresenceBoard;
  /** How long the other one's devices ring. */
  ringMs: number;
  /** Makes the room of an accepted call: what each of the two joins it by. */
  makeRoom: (
    people: readonly { userId: string; displayName: string; base: string }[],
  ) => Promise<Room[]>;
  endRoom: (meetingId: string) => Promise<void>;
  isRoomEmpty: (meetingId: string) => Promise<boolean>;
  /** Somebody began or ended a call. */
  presenceChanged: (userId: string) => void;
  /** Keeps the change for whoever keeps books. */
  note: (event: CallChange) => void;
  log: Logger;
}

const CALL_ID_CHARACTERS = 16;
/** So long may pass until both are in the room, or come again: after a break, or with the room from another node. */
const EMPTY_ROOM_MS = 60_000;
/** The node at which the caller is ends what rings; when that has died, others do. */
const FORGOTTEN_AFTER_MS = 10_000;
/** What is asked of a call. */
export type CallRequest = Extract<
  CallMessage,
  { type: 'call' | 'accept' | 'decline' | 'cancel' | 'hang-up' | 'capabilities' | 'missed-seen' }
>;

/** Calls between two users: who may ring whom, which device answers, how it ends. */
export class Calls {
  readonly #deps: CallDeps;
  /** Calls that ring, made on this node. */
  readonly #ringing = new Map<string, { timer: NodeJS.Timeout; line: string }>();

  constructor(deps: CallDeps) {
    this.#deps = deps;
  }

  close(): void {
    for (const { timer } of this.#ringing.values()) clearTimeout(timer);
    this.#ringing.clear();
  }

  /** Does what a device says. Throws `AmphiError`. What the `ok` says beside its ref. */
  async receive(who: Caller, message: CallRequest): Promise<{ callId?: string }> {
    switch (message.type) {
      case 'call':
        return { callId: await this.#call(who, message) };
      case 'accept':
        await this.#accept(who, await this.#mine(message.callId, who.userId), message.capabilities);
        return {};
      case 'decline':
        await this.#decline(who, await this.#mine(message.callId, who.userId));
        return {};
      case 'cancel':
        await this.#cancel(who, await this.#mine(message.callId, who.userId));
        return {};
      case 'hang-up':
        await this.#hangUp(await this.#mine(message.callId, who.userId));
        return {};
      case 'capabilities':
        await this.#change(who, message.callId, message.capabilities);
        return {};
      case 'missed-seen':
        await this.#deps.calls.seen(who.userId);
        return {};
    }
  }

  /** Keeps the call of somebody who is there, or ends it when nobody is in it any more. */
  async renew(userId: string): Promise<void> {
    const { calls, presence, isRoomEmpty } = this.#deps;
    const callId = await presence.callOf(userId);
    if (callId === undefined) return;
    const call = await calls.find(callId);
    if (call === undefined) {
      await presence.endCall(userId, callId);
      return;
    }
    const now = Date.now();
    if (call.state === 'ringing' && now - call.since > this.#deps.ringMs + FORGOTTEN_AFTER_MS) {
      await this.#over(call, 'ringing', 'no-answer');
    } else if (call.meetingId !== undefined) {
      if (!(await isRoomEmpty(call.meetingId))) await calls.filled(callId);
      else if (now - (await calls.emptySince(callId, now)) > EMPTY_ROOM_MS) {
        await this.#hangUp(call);
      }
    }
    await presence.renewCall(userId);
  }

  /** What a device that comes while its account is called is told. */
  async ringingFor(userId: string): Promise<CallEvent | undefined> {
    const callId = await this.#deps.presence.callOf(userId);
    const call = callId === undefined ? undefined : await this.#deps.calls.find(callId);
    const rings = call?.state === 'ringing' && call.callee === userId;
    return rings ? incomingCall(call) : undefined;
  }

  /** A device is gone: what it was calling is cancelled. */
  async gone(who: Caller): Promise<void> {
    for (const [callId, { line }] of this.#ringing) {
      if (line !== who.line.id) continue;
      const call = await this.#deps.calls.find(callId);
      if (call !== undefined) await this.#cancel(who, call).catch(() => {});
    }
  }

  async #call(
    { userId, displayName, base, line }: Caller,
    message: Extract<CallMessage, { type: 'call' }>,
  ): Promise<string> {
    const { people, calls, presence, channels } = this.#deps;
    const { to, media, capabilities } = message;
    if (to === userId) throw new AmphiError('bad_request', 'to: this is yourself');
    const [mine, theirs] = await Promise.all([people.state(userId, to), people.state(to, userId)]);
    if (mine !== 'accepted') throw new AmphiError('forbidden', 'Only contacts can be called');
    const callId = randomId(CALL_ID_CHARACTERS);
    if (!(await presence.beginCall(userId, callId))) {
      throw new AmphiError('conflict', 'You are in a call already');
    }
    const call: Call = {
      callId,
      caller: userId,
      callerName: displayName,
      callerLine: line.id,
      callerBase: base,
      callee: to,
      media,
      ...pictureOf(await people.user(userId)),
      callerCapabilities: capabilities,
      state: 'ringing',
      since: Date.now(),
    };
    await calls.begin(call);
    this.#deps.presenceChanged(userId);
    this.#arm(call, line.id);
    // Who has blocked one is not there; that is all one learns.
    if (theirs !== 'accepted') await this.#over(call, 'ringing', 'unavailable', 'secretly');
    else if (!(await presence.beginCall(to, callId))) await this.#over(call, 'ringing', 'busy');
    else {
      const rings = await channels.tell(to, incomingCall(call));
      if (rings) await channels.tell(userId, { type: 'ringing', callId }, { only: line.id });
      else await this.#over(call, 'ringing', 'unavailable');
    }
    return callId;
  }

  #arm(call: Call, line: string): void {
    const timer = setTimeout(() => {
      this.#over(call, 'ringing', 'no-answer').catch((error) => this.#warn(call, error));
    }, this.#deps.ringMs);
    this.#ringing.set(call.callId, { timer, line });
  }

  async #accept(who: Caller, call: Call, capabilities: Capabilities): Promise<void> {
    const { calls, channels, makeRoom, log } = this.#deps;
    const { callId, caller, callee } = call;
    if (who.userId !== callee) throw new AmphiError('forbidden', 'You are the one who calls');
    const active: Call = {
      ...call,
      state: 'active',
      since: Date.now(),
      calleeCapabilities: capabilities,
    };
    if (!(await calls.move(active, 'ringing'))) throw answered();
    this.#disarm(callId);
    await channels.tell(
      callee,
      { type: 'call-ended', callId, reason: 'answered-elsewhere' },
      { except: who.line.id },
    );
    try {
      const [callerRoom, calleeRoom] = await makeRoom([
        { userId: caller, displayName: call.callerName, base: call.callerBase },
        { userId: callee, displayName: who.displayName, base: who.base },
      ]);
      if (callerRoom === undefined || calleeRoom === undefined) throw new AmphiError('internal');
      await calls.move({ ...active, meetingId: callerRoom.meetingId }, 'active');
      const agreed = agree(call.callerCapabilities, capabilities);
      const accepted = (room: Room): CallEvent => ({ type: 'call-accepted', callId, agreed, room });
      await channels.tell(caller, accepted(callerRoom), { only: call.callerLine });
      await channels.tell(callee, accepted(calleeRoom), { only: who.line.id });
      this.#deps.note({ type: 'call.agreed', callId, detail: agreed });
      this.#deps.presenceChanged(callee);
      log.info({ callId }, 'call accepted');
    } catch (error) {
      await this.#over(active, 'active', 'hung-up');
      throw error;
    }
  }

  async #decline(who: Caller, call: Call): Promise<void> {
    if (who.userId !== call.callee) throw new AmphiError('forbidden', 'You are the one who calls');
    if (!(await this.#over(call, 'ringing', 'declined'))) throw answered();
  }

  async #cancel(who: Caller, call: Call): Promise<void> {
    if (who.userId !== call.caller) throw new AmphiError('forbidden', 'You are the one called');
    if (!(await this.#over(call, 'ringing', 'cancelled'))) throw answered();
  }

  async #hangUp(call: Call): Promise<void> {
    const { meetingId } = call;
    if (!(await this.#over(call, 'active', 'hung-up'))) {
      throw new AmphiError('conflict', 'The call has not begun');
    }
    if (meetingId !== undefined) await this.#deps.endRoom(meetingId);
  }

  /** One side bears something else than before: both are told what holds now. */
  async #change(who: Caller, callId: string, capabilities: Capabilities): Promise<void> {
    const { calls, channels } = this.#deps;
    const call = await this.#mine(callId, who.userId);
    const changed: Call =
      who.userId === call.caller
        ? { ...call, callerCapabilities: capabilities }
        : { ...call, calleeCapabilities: capabilities };
    if (!(await calls.move(changed, 'active'))) {
      throw new AmphiError('conflict', 'The call has not begun');
    }
    const agreed = agreedOf(changed);
    for (const userId of [call.caller, call.callee]) {
      await channels.tell(userId, { type: 'call-agreed', callId, agreed });
    }
    // Whoever keeps books reads what is different.
    if (!isDeepStrictEqual(agreed, agreedOf(call))) {
      this.#deps.note({ type: 'call.agreed', callId, detail: agreed });
    }
  }

  /** It is over, if it was still in that state: both are told, and the callee keeps a missed call. */
  async #over(
    call: Call,
    from: Call['state'],
    reason: CallEnd,
    /** The callee is not to learn that there was a call. */
    secretly?: 'secretly',
  ): Promise<boolean> {
    const { calls, channels, presence, presenceChanged, log } = this.#deps;
    const { callId, caller, callee } = call;
    this.#disarm(callId);
    if (!(await calls.end(callId, from, secretly ?? reason))) return false;
    await Promise.all([presence.endCall(caller, callId), presence.endCall(callee, callId)]);
    const ended: CallEvent = { type: 'call-ended', callId, reason };
    await channels.tell(caller, ended);
    presenceChanged(caller);
    if (secretly) return true;
    await channels.tell(callee, ended);
    presenceChanged(callee);
    if (reason !== 'declined' && from === 'ringing') {
      const { callerName, media, picture } = call;
      await channels.tell(callee, {
        type: 'call-missed',
        callId,
        from: caller,
        displayName: callerName,
        ...(picture === undefined ? {} : { picture }),
        media,
        at: Date.now(),
      });
    }
    this.#deps.note({ type: 'call.ended', callId, detail: reason });
    log.info({ callId, reason }, 'call ended');
    return true;
  }

  #disarm(callId: string): void {
    clearTimeout(this.#ringing.get(callId)?.timer);
    this.#ringing.delete(callId);
  }

  /** The call, of which this user is one side. Throws `not_found`. */
  async #mine(callId: string, userId: string): Promise<Call> {
    const call = await this.#deps.calls.find(callId);
    if (call === undefined || (call.caller !== userId && call.callee !== userId)) {
      throw new AmphiError('not_found', 'No such call');
    }
    return call;
  }

  #warn({ callId }: Call, error: unknown): void {
    const reason = isAmphiError(error) ? error.code : messageOf(error);
    this.#deps.log.warn({ callId, reason }, 'call not ended in order');
  }
}

const agreedOf = ({ callerCapabilities, calleeCapabilities = {} }: Call): Agreed =>
  agree(callerCapabilities, calleeCapabilities);

const answered = (): AmphiError => new AmphiError('conflict', 'The call does not ring any more');

function incomingCall(call: Call): CallEvent {
  const { callId, caller, callerName, picture, media, callerCapabilities } = call;
  return {
    type: 'incoming-call',
    callId,
    from: caller,
    displayName: callerName,
    ...(picture === undefined ? {} : { picture }),
    media,
    capabilities: callerCapabilities,
  };
}
