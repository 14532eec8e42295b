import type { ChatFile, FileLimits } from '#contracts';
import { Problem } from '../../api/client.ts';
import { Store } from '../state/store.ts';
import { objectionTo } from './file-words.ts';

/** A file that is to go with the next message. */
export interface Attachment {
  key: number;
  name: string;
  size: number;
  state:
    | { name: 'uploading'; part: number }
    | { name: 'ready'; file: ChatFile }
    | { name: 'failed'; text: string };
}

/** Of one message; who has more sends a second. */
export const MOST_ATTACHED = 5;

export interface AttachmentOptions {
  limits: () => Promise<FileLimits>;
  /** Rejects with `Problem`. */
  upload: (
    file: File,
    how: { onProgress: (part: number) => void; signal: AbortSignal },
  ) => Promise<ChatFile>;
}

interface Upload {
  file: File;
  abort: AbortController;
}

/** The files that somebody has chosen and not sent yet; each is uploaded at once. */
export class Attachments {
  readonly list = new Store<readonly Attachment[]>([]);
  /** Why the last ones chosen were not taken. */
  readonly objection = new Store<string | undefined>(undefined);
  readonly #options: AttachmentOptions;
  readonly #uploads = new Map<number, Upload>();
  #keys = 0;

  constructor(options: AttachmentOptions) {
    this.#options = options;
  }

  /** Takes those that may be sent, and begins to upload them. */
  async add(files: readonly File[]): Promise<void> {
    this.objection.set(undefined);
    let limits: FileLimits;
    try {
      limits = await this.#options.limits();
    } catch (error) {
      this.objection.set(error instanceof Problem ? error.message : String(error));
      return;
    }
    for (const file of files) {
      const objection =
        this.list.get().length >= MOST_ATTACHED
          ? `${MOST_ATTACHED} files go with one message at most.`
          : objectionTo(file, limits);
      if (objection === undefined) this.#begin(file);
      else this.objection.set(objection);
    }
  }

  /** Uploads one anew that has failed. */
  retry(key: number): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    this.#set(key, { name: 'uploading', part: 0 });
    this.#run(key, upload.file);
  }

  /** It is sent, or not wanted any more. */
  remove(key: number): void {
    this.#uploads.get(key)?.abort.abort();
    this.#uploads.delete(key);
    this.objection.set(undefined);
    this.list.set(this.list.get().filter((one) => one.key !== key));
  }

  close(): void {
    for (const { abort } of this.#uploads.values()) abort.abort();
    this.#uploads.clear();
  }

  #begin(file: File): void {
    const key = ++this.#keys;
    const { name, size } = file;
    const one: Attachment = { key, name, size, state: { name: 'uploading', part: 0 } };
    this.list.set([...this.list.get(), one]);
    this.#run(key, file);
  }

  async #run(key: number, file: File): Promise<void> {
    const abort = new AbortController();
    this.#uploads.set(key, { file, abort });
    const { signal } = abort;
    try {
      const uploaded = await this.#options.upload(file, {
        signal,
        onProgress: (part) => this.#set(key, { name: 'uploading', part }),
      });
      this.#set(key, { name: 'ready', file: uploaded });
    } catch (error) {
      if (signal.aborted) return;
      this.#set(key, {
        name: 'failed',
        text: error instanceof Problem ? error.message : String(error),
      });
    }
  }

  #set(key: number, state: Attachment['state']): void {
    this.list.set(this.list.get().map((one) => (one.key === key ? { ...one, state } : one)));
  }
}
