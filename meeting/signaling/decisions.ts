import type { MeetingRepository } from '../meetings/repository.ts';
import type { RoomState, Unwritten } from '../room/state.ts';
import type { KeptFiles } from './chat-keeper.ts';
import type { Journal } from './journal.ts';

export interface DecisionsOptions {
  state: RoomState;
  meetings: Pick<MeetingRepository, 'ban' | 'lock' | 'end'>;
  files: Pick<KeptFiles, 'removeAll'>;
  journal: Journal;
  /** What stands in the state has changed. */
  changed: () => void;
}

/**
 * What is decided in a room and holds beyond it: who is banned, whether it is
 * locked, that it is over. Until the database has it, it stands in the room's
 * state as not written, for whoever holds the room next.
 */
export class Decisions {
  readonly #options: DecisionsOptions;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  banned(): void {
    const { state, meetings } = this.#options;
    this.#keep('banned', () => meetings.ban(state.meetingId, state.banned));
  }

  locked(): void {
    const { state, meetings } = this.#options;
    this.#keep('locked', () => meetings.lock(state.meetingId, state.settings.locked));
  }

  ended(): void {
    const { state, meetings, files, journal } = this.#options;
    const { meetingId } = state;
    this.#keep('ended', () => meetings.end(meetingId));
    journal.must('files', () => files.removeAll(meetingId));
  }

  /** Writes what an earlier holder of the room could not. */
  resume(): void {
    const { unwritten } = this.#options.state;
    if (unwritten?.banned) this.banned();
    if (unwritten?.locked) this.locked();
  }

  #keep(what: keyof Unwritten, write: () => Promise<unknown>): void {
    const { state, journal, changed } = this.#options;
    state.unwritten = { ...state.unwritten, [what]: true };
    journal.must(what, write, () => {
      const { [what]: _, ...rest } = state.unwritten ?? {};
      if (Object.keys(rest).length > 0) state.unwritten = rest;
      else delete state.unwritten;
      changed();
    });
  }
}
