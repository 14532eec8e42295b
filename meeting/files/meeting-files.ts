import type { Readable } from 'node:stream';
import { AmphiError, type Closable, type Logger, messageOf, randomId } from '#base';
import type { ChatFile } from '#contracts';
import type { Objects } from '#platform';
import { readPictureHeader } from '#protocol';
import { safeFileName } from './file-name.ts';
import { chatFileOf, type FileRepository, type FileRow, type Reader } from './repository.ts';

const FILE_ID_CHARACTERS = 16;
/** Of one person: uploaded, and in no message yet. */
const MAX_UNSENT = 10;
/** Of what the files of a meeting may take up; one file may be as large as any, in any case. */
const UNSENT_SHARE = 1 / 4;
/** What nobody has sent for so long gives way where room is short. */
const STALE_MS = 10 * 60_000;
/** The size of a picture stands somewhere in this; most have it in the first hundred bytes. */
const HEAD_BYTES = 256 * 1024;
/** A page has to decode the whole of it. */
const MAX_SHOWN_PIXELS = 50_000_000;
const SWEEP_MS = 10 * 60_000;
const UNSENT_MS = 60 * 60_000;
const SWEEP_AT_ONCE = 100;

export interface FileSettings {
  /** Bytes: of one file, and of all files of a meeting. */
  maxBytes: number;
  meetingMaxBytes: number;
  /** What names may end in, in lower case. */
  endings: readonly string[];
}

export interface Upload {
  meetingId: string;
  /** The participant who sends it. */
  fromId: string;
  /** Who that is, however often they come in. */
  person: string;
  /** The participants who are in the meeting now. */
  present: readonly string[];
  /** As it was typed, or as a system has it. */
  name: string;
  size: number;
  body: AsyncIterable<Uint8Array>;
}

const folderOf = (meetingId: string): string => `meetings/${meetingId}`;
const keyOf = ({ meetingId, fileId }: Pick<FileRow, 'meetingId' | 'fileId'>): string =>
  `${folderOf(meetingId)}/${fileId}`;

/** Files in the chats of meetings: taken, given out, and removed with their message or meeting. */
export class MeetingFiles implements Closable {
  readonly #objects: Objects;
  readonly #files: FileRepository;
  readonly #settings: FileSettings;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: {
    objects: Objects;
    files: FileRepository;
    settings: FileSettings;
    log: Logger;
  }) {
    this.#objects = deps.objects;
    this.#files = deps.files;
    this.#settings = deps.settings;
    this.#log = deps.log;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  /**
   * Stores a file that is to go into a message. Throws `unsupported_media`,
   * `body_too_large`, `bad_request`, `too_many` or `meeting_ended`.
   */
  async take(upload: Upload): Promise<ChatFile> {
    const { meetingId, fromId, person, present, name: typed, size, body } = upload;
    const { maxBytes, meetingMaxBytes, endings } = this.#settings;
    const { name, ending } = safeFileName(typed);
    if (!endings.includes(ending)) {
      const what = ending === '' ? 'without an ending' : `ending in .${ending}`;
      throw new AmphiError('unsupported_media', `Files ${what} are not taken here`);
    }
    if (size > maxBytes) {
      throw new AmphiError('body_too_large', `A file has ${maxBytes} bytes at most`);
    }
    if (size < 1) throw new AmphiError('bad_request', 'The file is empty');
    const fileId = randomId(FILE_ID_CHARACTERS);
    const file = { fileId, meetingId, fromId, person, name, size };
    const unsentBytes = Math.max(maxBytes, meetingMaxBytes * UNSENT_SHARE);
    const most = { meetingBytes: meetingMaxBytes, unsent: MAX_UNSENT, unsentBytes };
    const staleBefore = new Date(Date.now() - STALE_MS);
    const gone = await this.#files.reserve(file, most, { present, staleBefore });
    const head = new Head();
    try {
      for (const row of gone) await this.#clear(row);
      await this.#objects.put(keyOf(file), head.of(body), size);
      const picture = pictureOf(head.bytes);
      if (!(await this.#files.stored(fileId, picture))) {
        if (await this.#files.isEnded(meetingId)) throw new AmphiError('meeting_ended');
        throw new AmphiError('too_many', 'The file has given way to others: it took too long');
      }
      return chatFileOf({ ...file, picture } as FileRow);
    } catch (error) {
      await this.#discard(file);
      throw error;
    }
  }

  /** The file with its bytes. Throws `not_found`, also for who may not have it. */
  async open(
    meetingId: string,
    fileId: string,
    reader: Reader,
  ): Promise<{ file: ChatFile; size: number; body: Readable }> {
    const row = await this.#files.readable(meetingId, fileId, reader);
    const found = row === undefined ? undefined : await this.#objects.get(keyOf(row));
    if (row === undefined || found === undefined) {
      throw new AmphiError('not_found', 'There is no such file, or not any more');
    }
    return { file: chatFileOf(row), ...found };
  }

  /** Gives an uploaded file of this person's to a message. Throws `not_found`. */
  async attach(
    file: { meetingId: string; fileId: string; fromId: string },
    messageId: string,
  ): Promise<ChatFile> {
    const row = await this.#files.attach(file, messageId);
    if (row === undefined) throw new AmphiError('not_found', 'There is no such file of yours');
    return chatFileOf(row);
  }

  /** The message is deleted. */
  async removeOf(messageId: string): Promise<void> {
    const row = await this.#files.ofMessage(messageId);
    if (row !== undefined) await this.#remove(row);
  }

  /** The meeting is over. */
  async removeAll(meetingId: string): Promise<void> {
    await this.#objects.removeAll(folderOf(meetingId));
    await this.#files.dropAll(meetingId);
  }

  /** Removes what nobody has sent, and what the deletion of a message or the end of a meeting has left behind. */
  async sweep(nowMs = Date.now()): Promise<void> {
    try {
      const unsent = await this.#files.unsent(new Date(nowMs - UNSENT_MS), SWEEP_AT_ONCE);
      const orphaned = await this.#files.orphaned(SWEEP_AT_ONCE);
      for (const row of [...unsent, ...orphaned]) await this.#remove(row);
      for (const meetingId of await this.#files.ended(SWEEP_AT_ONCE)) {
        await this.removeAll(meetingId);
      }
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'files not swept');
    }
  }

  /** The row last: what it leaves behind is found again by it. */
  async #remove(row: FileRow): Promise<void> {
    await this.#objects.remove(keyOf(row));
    await this.#files.drop(row.fileId);
  }

  /** Removes the bytes of a file whose row is gone. What fails is removed with the meeting. */
  async #clear(row: FileRow): Promise<void> {
    await this.#objects.remove(keyOf(row)).catch((error: unknown) => {
      const { meetingId, fileId } = row;
      this.#log.warn(
        { meetingId, fileId, reason: messageOf(error) },
        'bytes of a file not removed',
      );
    });
  }

  /** What could not be removed now is swept later. */
  async #discard(file: { meetingId: string; fileId: string }): Promise<void> {
    try {
      await this.#objects.remove(keyOf(file));
      await this.#files.drop(file.fileId);
    } catch (error) {
      const { meetingId } = file;
      this.#log.warn({ meetingId, reason: messageOf(error) }, 'half a file not removed');
    }
  }
}

/** Remembers the beginning of what goes through it. */
class Head {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  async *of(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      if (this.#size < HEAD_BYTES) {
        this.#chunks.push(chunk);
        this.#size += chunk.length;
      }
      yield chunk;
    }
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks).subarray(0, HEAD_BYTES);
  }
}

function pictureOf(head: Uint8Array): NonNullable<ChatFile['picture']> | null {
  const header = readPictureHeader(head);
  if (header === undefined || header.width * header.height > MAX_SHOWN_PIXELS) return null;
  return header;
}
