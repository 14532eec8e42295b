import { AmphiError } from '#base';
import type { IceServer } from '#contracts';
import { tellPaced } from './pace.ts';
import { moderates } from './rights.ts';
import { type Effect, type Person, type RoomState, type Said, shown } from './state.ts';

/** What a room needs from outside, all of it synchronous. */
export interface RoomDeps {
  /** A random id of so many characters. */
  newId: (characters: number) => string;
  iceServers: () => IceServer[];
  /** Whether a call server is there to carry media. */
  hasCallServer: () => boolean;
}

/** One thing that happens in a room: the state that it changes, the time, and what follows from it. */
export class Turn {
  readonly state: RoomState;
  readonly deps: RoomDeps;
  readonly nowMs: number;
  readonly effects: Effect[] = [];

  constructor(state: RoomState, deps: RoomDeps, nowMs: number) {
    this.state = state;
    this.deps = deps;
    this.nowMs = nowMs;
  }

  get people(): Person[] {
    return Object.values(this.state.people);
  }

  get waiting(): Person[] {
    return Object.values(this.state.waiting);
  }

  /** Throws `participant_not_found`. */
  person(participantId: string): Person {
    const person = this.state.people[participantId];
    if (person === undefined) throw new AmphiError('participant_not_found');
    return person;
  }

  do(effect: Effect): void {
    this.effects.push(effect);
  }

  send(to: string, message: Said): void {
    this.effects.push({ type: 'send', to, message });
  }

  /** To everybody in the room, or to those of whom `who` is true. */
  tell(message: Said, who: (person: Person) => boolean = () => true): void {
    for (const person of this.people) if (who(person)) this.send(person.participantId, message);
  }

  tellUpdated(person: Person): void {
    this.tell({ type: 'participant-updated', participant: shown(person) });
  }

  /** Whether somebody is connected, at its pace: a socket can come and go as fast as it likes. */
  tellConnected(person: Person): void {
    tellPaced(this, `person ${person.participantId}`, () => this.tellUpdated(person));
  }

  tellMedia({ participantId, audio, video, screen, screenAudio }: Person): void {
    this.tell({ type: 'media-update', participantId, audio, video, screen, screenAudio });
  }

  /** To hosts; at its pace. */
  tellWaiting(): void {
    tellPaced(this, 'waiting', () => this.tellWaitingNow());
  }

  tellWaitingNow(): void {
    const waiting = this.waitingList();
    this.tell({ type: 'waiting-list', waiting }, moderates);
  }

  waitingList(): { participantId: string; displayName: string; since: number }[] {
    return this.waiting.map(({ participantId, displayName, joinedAt }) => ({
      participantId,
      displayName,
      since: joinedAt,
    }));
  }

  /** The time, or the next millisecond where something has that one already. */
  stamp(): number {
    this.state.lastAt = Math.max(this.nowMs, this.state.lastAt + 1);
    return this.state.lastAt;
  }
}

/** Whether they see and hear each other. */
export const together = (a: Person, b: Person): boolean => a.breakoutId === b.breakoutId;
