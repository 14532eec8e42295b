import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemCodeOf } from '#base';
import { type Objects, ofSize, requireKey } from './objects.ts';

const OWNER_ONLY = 0o700;
/** No key begins with a dot. */
const UNFINISHED = '.unfinished';

/** Objects as files of a folder; made when the first one is stored. */
export class FolderObjects implements Objects {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const path = this.#path(key);
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    for (const folder of [dirname(path), dirname(unfinished)]) {
      await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    }
    try {
      await pipeline(
        ofSize(body, size),
        createWriteStream(unfinished, { mode: 0o600, flush: true }),
      );
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async get(key: string): Promise<{ size: number; body: Readable } | undefined> {
    try {
      const file = await open(this.#path(key));
      const { size } = await file.stat();
      return { size, body: createReadStream('', { fd: file }) };
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async removeAll(prefix: string): Promise<void> {
    await rm(this.#path(prefix), { recursive: true, force: true });
  }

  #path(key: string): string {
    return join(this.#folder, ...requireKey(key).split('/'));
  }
}
