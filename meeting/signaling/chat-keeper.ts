import type { ChatStore } from '../chat/store.ts';
import type { MeetingFiles } from '../files/meeting-files.ts';
import type { Room } from '../room/room.ts';
import type { Effect, RoomChat } from '../room/state.ts';
import type { Journal } from './journal.ts';

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;
export type ChatEffect = Of<'keep-chat' | 'change-chat' | 'find-chat' | 'read-chat'>;
export type KeptFiles = Pick<MeetingFiles, 'attach' | 'removeOf' | 'removeAll'>;

export interface ChatKeeperOptions {
  room: Room;
  chat: ChatStore;
  files: KeptFiles;
  /** Writes in their order. */
  journal: Journal;
  apply: (effects: readonly Effect[]) => void;
  failed: (participantId: string | undefined, ref: string | undefined, error: unknown) => void;
}

/** Keeps what is written in one room for good, and finds it again. */
export class ChatKeeper {
  readonly #options: ChatKeeperOptions;

  constructor(options: ChatKeeperOptions) {
    this.#options = options;
  }

  do(effect: ChatEffect): void {
    switch (effect.type) {
      case 'keep-chat':
        this.#keep(effect);
        break;
      case 'change-chat':
        this.#change(effect);
        break;
      case 'find-chat':
        this.#find(effect);
        break;
      case 'read-chat':
        this.#read(effect);
        break;
    }
  }

  #keep(effect: Of<'keep-chat'>): void {
    const { room, chat, journal, apply, failed } = this.#options;
    let kept = effect;
    const write = async () => {
      kept = { ...effect, chat: await this.#withFile(effect) };
      await chat.keep(room.state.meetingId, kept.chat);
    };
    journal.write(write).then(
      () => apply(room.chatDone(kept, Date.now())),
      (error) => failed(effect.by, effect.ref, error),
    );
  }

  #change(effect: Of<'change-chat'>): void {
    const { room, chat, files, journal, apply, failed } = this.#options;
    const { messageId, deleted } = effect.chat;
    journal
      .write(() => chat.change(effect.chat))
      .then(
        () => apply(room.chatDone(effect, Date.now())),
        (error) => failed(effect.by, effect.ref, error),
      );
    if (deleted === true) journal.note(() => files.removeOf(messageId));
  }

  #find({ messageId, by, change }: Of<'find-chat'>): void {
    const { room, chat, apply, failed } = this.#options;
    chat.find(room.state.meetingId, messageId).then(
      (found) => apply(room.chatFound(by, change, found, Date.now())),
      (error) => failed(by, change.ref, error),
    );
  }

  #read({ by, ref, before, limit }: Of<'read-chat'>): void {
    const { room, chat, apply, failed } = this.#options;
    const { meetingId, people } = room.state;
    const reader = { participantId: by, breakoutId: people[by]?.breakoutId };
    chat.page(meetingId, reader, { before, limit }).then(
      ({ messages, more }) => apply(room.chatRead(by, ref, messages, more, Date.now())),
      (error) => failed(by, ref, error),
    );
  }

  /** The message with the file that comes with it. Throws `not_found`. */
  async #withFile({ chat, fileId }: Of<'keep-chat'>): Promise<RoomChat> {
    const { from, messageId } = chat;
    if (fileId === undefined || from === undefined) return chat;
    const { room, files } = this.#options;
    const named = { meetingId: room.state.meetingId, fileId, fromId: from };
    return { ...chat, file: await files.attach(named, messageId) };
  }
}
