import { AmphiError } from '#base';
import type { ChatStore } from '../chat/store.ts';
import type { MeetingFiles } from '../files/meeting-files.ts';
import type { Room } from '../room/room.ts';
import type { Effect, RoomChat } from '../room/state.ts';
import type { Journal } from './journal.ts';

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>;
export type ChatEffect = Of<'keep-chat' | 'change-chat' | 'read-chat'>;
export type KeptFiles = Pick<MeetingFiles, 'attach' | 'removeOf' | 'removeAll'>;

/** Messages whose files are to be removed; what is more is swept up later. */
const MAX_DOOMED = 1_000;

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
  /** Deleted messages that had a file. */
  readonly #doomed = new Set<string>();

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
      case 'read-chat':
        this.#read(effect);
        break;
    }
  }

  #keep(effect: Of<'keep-chat'>): void {
    const { room, chat, journal, apply, failed } = this.#options;
    const { by, ref } = effect;
    const write = async () => {
      const wanted = await this.#withFile(effect);
      const kept = await chat.keep(room.state.meetingId, wanted);
      if (!isSame(kept, wanted)) {
        throw new AmphiError('conflict', 'ref: another message was sent with it before');
      }
      return kept;
    };
    journal
      .write(write, (kept) => apply(room.chatKept(kept, by, ref, Date.now())))
      .catch((error) => failed(by, ref, error));
  }

  /** What becomes of the message is decided when it is its turn: until then others change it, too. */
  #change({ messageId, by, change }: Of<'change-chat'>): void {
    const { room, chat, journal, apply, failed } = this.#options;
    const { ref } = change;
    const write = async () => {
      const known =
        room.recentChat(messageId) ?? (await chat.find(room.state.meetingId, messageId));
      const changed = room.changedChat(by, known, change, Date.now());
      await chat.change(changed);
      return { changed, hadFile: known?.file !== undefined };
    };
    journal
      .write(write, ({ changed, hadFile }) => {
        if (changed.deleted && hadFile) this.#removeFileOf(messageId);
        apply(room.chatChanged(changed, by.participantId, ref, Date.now()));
      })
      .catch((error) => failed(by.participantId, ref, error));
  }

  #removeFileOf(messageId: string): void {
    const { journal, files } = this.#options;
    const doomed = this.#doomed;
    if (doomed.size < MAX_DOOMED) doomed.add(messageId);
    journal.must('files of messages', async () => {
      for (const one of [...doomed]) {
        await files.removeOf(one);
        doomed.delete(one);
      }
    });
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

/** Whether what is kept is what was to be; what has been edited or deleted since may have been. */
const isSame = (kept: RoomChat, wanted: RoomChat): boolean =>
  kept.editedAt !== undefined ||
  kept.deleted === true ||
  (kept.message === wanted.message &&
    kept.to === wanted.to &&
    kept.file?.fileId === wanted.file?.fileId);
