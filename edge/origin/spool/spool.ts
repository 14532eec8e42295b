import {
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { AmphiError, type Logger, messageOf, systemCodeOf } from '#base';
import type { RenditionStore } from '../rendition-store.ts';
import type { Segment } from '../segment.ts';
import {
  INDEX,
  indexLine,
  initFile,
  listedLine,
  RENDITION,
  type RenditionRecord,
  replaceFile,
  segmentFile,
  segmentNumberOf,
} from './files.ts';

/**
 * One rendition on disk. Parts are appended to their segment's file as they
 * come, so a process that dies loses no more than what was in flight; a
 * completed segment gets a line in the index.
 */

/** Bytes that may wait for the disk; beyond it segments stay in memory only. */
const BACKLOG_LIMIT_BYTES = 128 * 1024 * 1024;
/** Lines of the index that stand for nothing any more before it is written anew. */
const COMPACT_AFTER = 1_000;

export interface SpoolEvents {
  /** The disk did not take something; live goes on from memory. */
  onTrouble(reason: string, full: boolean): void;
  /** The disk took something. */
  onWritten(): void;
}

export class Spool {
  readonly #folder: string;
  readonly #store: RenditionStore;
  readonly #log: Logger;
  readonly #events: SpoolEvents;
  /** Everything is written in order, one thing after the other. */
  #chain: Promise<void> = Promise.resolve();
  #backlog = 0;
  /** Segments that the disk holds only in part, or not at all. */
  readonly #broken = new WeakSet<Segment>();
  #initsWritten: number;
  #bytes = 0;
  #deadLines = 0;
  /** The file of the segment under way. */
  #current: { number: number; file: FileHandle } | undefined;

  /** Begins to write what comes into the store; what is in it has been restored from this folder. */
  constructor(options: {
    folder: string;
    store: RenditionStore;
    log: Logger;
    events: SpoolEvents;
  }) {
    const { store } = options;
    this.#folder = options.folder;
    this.#store = store;
    this.#log = options.log;
    this.#events = options.events;
    this.#initsWritten = store.initCount;
    for (const segment of store.segments) this.#bytes += segment.size;
    store.on('stored', (segment, _part, bytes) => this.#append(segment, bytes));
    store.on('completed', (segment) => this.#complete(segment));
    store.on('unlisted', (from) => this.#unlist(from));
    store.on('dropped', (segment) => this.#drop(segment));
    this.#enqueue(() => this.#tidy());
  }

  /** Bytes of media that the disk holds, or is about to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that wait for the disk. */
  get backlog(): number {
    return this.#backlog;
  }

  /** Writes down who writes this rendition, and whether it is over. */
  describe(record: RenditionRecord): void {
    this.#enqueue(() => replaceFile(join(this.#folder, RENDITION), JSON.stringify(record)));
  }

  /** The whole of a segment, or a range of it. Throws `segment_gone` when it is not there. */
  async read(segment: Segment, offset = 0, length = segment.size - offset): Promise<Buffer> {
    try {
      const file = await open(this.#path(segment.number), 'r');
      try {
        const buffer = Buffer.allocUnsafeSlow(length);
        const { bytesRead } = await file.read(buffer, 0, length, offset);
        if (bytesRead === length) return buffer;
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw new AmphiError('segment_gone', { cause });
    }
    throw new AmphiError('segment_gone', `segment ${segment.number} is cut short on disk`);
  }

  /** Resolves when everything handed over so far has been written or given up. */
  async flush(): Promise<void> {
    this.#enqueue(() => this.#closeCurrent());
    await this.#chain;
  }

  async remove(): Promise<void> {
    await this.flush();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The folder as the store has it: no line and no file of anything else. */
  async #tidy(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    for (const name of await readdir(this.#folder)) {
      const number = segmentNumberOf(name);
      if (number !== undefined && this.#store.segment(number) === undefined) {
        await unlink(join(this.#folder, name));
      }
    }
    if (this.#store.segments.length > 0) await this.#compact();
  }

  #path(number: number): string {
    return join(this.#folder, segmentFile(number));
  }

  #append(segment: Segment, bytes: Uint8Array): void {
    if (this.#broken.has(segment)) return;
    this.#bytes += bytes.length;
    if (this.#backlog + bytes.length > BACKLOG_LIMIT_BYTES) {
      this.#break(segment, 'the disk is too slow', false);
      return;
    }
    this.#backlog += bytes.length;
    this.#enqueue(async () => {
      this.#backlog -= bytes.length;
      if (this.#broken.has(segment)) return;
      await this.#writeInits();
      await (await this.#fileOf(segment)).appendFile(bytes);
      this.#events.onWritten();
    }, segment);
  }

  /** Opened once a segment, not once a part. */
  async #fileOf({ number }: Segment): Promise<FileHandle> {
    if (this.#current?.number !== number) {
      await this.#closeCurrent();
      this.#current = { number, file: await open(this.#path(number), 'a') };
    }
    return this.#current.file;
  }

  async #closeCurrent(): Promise<void> {
    const file = this.#current?.file;
    this.#current = undefined;
    await file?.close();
  }

  async #writeInits(): Promise<void> {
    for (; this.#initsWritten < this.#store.initCount; this.#initsWritten++) {
      const init = this.#store.init(this.#initsWritten);
      if (init !== undefined) {
        await writeFile(join(this.#folder, initFile(this.#initsWritten)), init);
      }
    }
  }

  #complete(segment: Segment): void {
    this.#enqueue(async () => {
      if (this.#broken.has(segment)) return;
      if (this.#current?.number === segment.number) await this.#closeCurrent();
      await appendFile(join(this.#folder, INDEX), indexLine(segment));
      this.#store.saved(segment);
    }, segment);
  }

  #unlist(from: number): void {
    this.#deadLines++;
    this.#enqueue(() => appendFile(join(this.#folder, INDEX), listedLine(from)));
  }

  #drop(segment: Segment): void {
    this.#deadLines++;
    if (!segment.gap && !this.#broken.has(segment)) {
      this.#bytes -= segment.size;
      this.#chain = this.#chain.then(() => this.#unlink(segment));
    }
    if (this.#deadLines < COMPACT_AFTER) return;
    this.#deadLines = 0;
    this.#enqueue(() => this.#compact());
  }

  /** An index that is only appended to would grow as long as the event lasts. */
  async #compact(): Promise<void> {
    const lines = this.#store.segments.filter((segment) => segment.onDisk).map(indexLine);
    const from = this.#store.listed[0]?.number;
    if (from !== undefined) lines.push(listedLine(from));
    await replaceFile(join(this.#folder, INDEX), lines.join(''));
  }

  async #unlink(segment: Segment): Promise<void> {
    try {
      // A file that is open keeps its space on the disk.
      if (this.#current?.number === segment.number) await this.#closeCurrent();
      await unlink(this.#path(segment.number));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return;
      this.#log.warn({ reason: messageOf(error) }, 'old segment not removed');
    }
  }

  #break(segment: Segment, reason: string, full: boolean): void {
    if (!this.#broken.has(segment)) {
      this.#broken.add(segment);
      this.#bytes -= segment.size;
      this.#chain = this.#chain.then(() => this.#unlink(segment));
    }
    this.#events.onTrouble(reason, full);
  }

  #enqueue(work: () => Promise<void>, segment?: Segment): void {
    this.#chain = this.#chain.then(async () => {
      try {
        await work();
      } catch (error) {
        const full = ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');
        if (segment !== undefined) this.#break(segment, messageOf(error), full);
        else this.#events.onTrouble(messageOf(error), full);
      }
    });
  }
}
