import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Logger, messageOf, systemCodeOf } from '#base';
import { type Rendition, renditionSchema } from '#contracts';
import { PushReader } from './push-reader.ts';
import type { IncomingPart, RenditionStore } from './rendition-store.ts';
import type { Part, Segment } from './segment.ts';

/**
 * One rendition on disk. Parts are appended to their segment's file as they
 * come, so a process that dies loses no more than what was in flight; a
 * completed segment gets a line in the index.
 */

const INDEX = 'index.jsonl';
const RENDITION = 'rendition.json';
/** Bytes that may wait for the disk; beyond it segments stay in memory only. */
const BACKLOG_LIMIT_BYTES = 128 * 1024 * 1024;

const indexLineSchema = z.object({
  n: z.number(),
  start: z.number(),
  dur: z.number(),
  size: z.number(),
  init: z.number(),
  key: z.number(),
  gap: z.boolean().optional(),
});

export interface SpoolEvents {
  /** The disk did not take something; live goes on from memory. */
  onTrouble(reason: string, full: boolean): void;
}

export class Spool {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #events: SpoolEvents;
  #chain: Promise<void>;
  #backlog = 0;
  #broken = new WeakSet<Segment>();
  #initsWritten = 0;
  #bytes = 0;

  constructor(folder: string, rendition: Rendition, log: Logger, events: SpoolEvents) {
    this.#folder = folder;
    this.#log = log;
    this.#events = events;
    this.#chain = this.#guard(async () => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, RENDITION), JSON.stringify(rendition));
    });
  }

  /** Bytes of media on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  attach(store: RenditionStore): void {
    for (const segment of store.segments) this.#bytes += segment.size;
    this.#initsWritten = store.initCount;
    store.on('stored', (segment, _part, bytes) => this.#store(store, segment, bytes));
    store.on('completed', (segment) => this.#complete(segment));
    store.on('dropped', (segment) => this.#drop(segment));
  }

  /** The whole of a segment, or a range of it. Rejects when it is not there. */
  async read(segment: Segment, offset = 0, length = segment.size - offset): Promise<Buffer> {
    const file = await open(this.#path(segment.number), 'r');
    try {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Resolves when everything handed over so far has been written or given up. */
  async flush(): Promise<void> {
    await this.#chain;
  }

  async remove(): Promise<void> {
    await this.#chain;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #path(number: number): string {
    return join(this.#folder, `${number}.m4s`);
  }

  #store(store: RenditionStore, segment: Segment, bytes: Uint8Array): void {
    if (this.#broken.has(segment)) return;
    if (this.#backlog + bytes.length > BACKLOG_LIMIT_BYTES) {
      this.#broken.add(segment);
      this.#events.onTrouble('the disk is too slow', false);
      return;
    }
    this.#backlog += bytes.length;
    this.#enqueue(segment, async () => {
      this.#backlog -= bytes.length;
      for (; this.#initsWritten < store.initCount; this.#initsWritten++) {
        const init = store.init(this.#initsWritten);
        if (init !== undefined)
          await writeFile(join(this.#folder, `init-${this.#initsWritten}.mp4`), init);
      }
      await appendFile(this.#path(segment.number), bytes);
      this.#bytes += bytes.length;
    });
  }

  #complete(segment: Segment): void {
    this.#enqueue(segment, async () => {
      const { number, startUs, durationUs, size, init, keyBytes, gap } = segment;
      const line = {
        n: number,
        start: startUs,
        dur: durationUs,
        size,
        init,
        key: keyBytes,
        ...(gap ? { gap } : {}),
      };
      await appendFile(join(this.#folder, INDEX), `${JSON.stringify(line)}\n`);
      segment.onDisk = true;
    });
  }

  #drop(segment: Segment): void {
    if (segment.gap) return;
    this.#chain = this.#chain.then(async () => {
      try {
        await unlink(this.#path(segment.number));
        this.#bytes -= segment.size;
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') {
          this.#log.warn({ reason: messageOf(error) }, 'old segment not removed');
        }
      }
    });
  }

  #enqueue(segment: Segment, work: () => Promise<void>): void {
    this.#chain = this.#chain.then(() => {
      if (this.#broken.has(segment)) return;
      return this.#guard(work, segment);
    });
  }

  async #guard(work: () => Promise<void>, segment?: Segment): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (segment !== undefined) {
        this.#broken.add(segment);
        await unlink(this.#path(segment.number)).catch(() => {});
      }
      this.#events.onTrouble(messageOf(error), systemCodeOf(error) === 'ENOSPC');
    }
  }
}

export interface Restored {
  rendition: Rendition;
  segments: Segment[];
  inits: Uint8Array[];
  audioEndUs: number | undefined;
}

/** Reads a rendition's folder after a restart; undefined when there is nothing usable. */
export async function restoreRendition(
  folder: string,
  sinceUs: number,
): Promise<Restored | undefined> {
  const rendition = renditionSchema.safeParse(
    JSON.parse(await readFile(join(folder, RENDITION), 'utf8').catch(() => 'null')),
  );
  if (!rendition.success) return undefined;
  const files = new Set(await readdir(folder));
  const inits: Uint8Array[] = [];
  for (let i = 0; files.has(`init-${i}.mp4`); i++) {
    inits.push(await readFile(join(folder, `init-${i}.mp4`)));
  }
  if (inits.length === 0) return undefined;
  const segments = await readIndex(folder, files, sinceUs);
  let audioEndUs: number | undefined;
  // The newest segments again part by part: the open one, and those whose parts players may ask for.
  const last = segments.at(-1);
  const openNumber = Math.max(
    -1,
    ...[...files]
      .map((name) => Number(name.match(/^(\d+)\.m4s$/)?.[1] ?? -1))
      .filter((n) => last === undefined || n > last.number),
  );
  if (openNumber >= 0 && (last === undefined || openNumber === last.number + 1)) {
    const open = await readOpen(
      join(folder, `${openNumber}.m4s`),
      openNumber,
      inits,
      rendition.data.kind,
    );
    if (open !== undefined) {
      // What follows the last whole part would spoil what is appended.
      await truncate(join(folder, `${openNumber}.m4s`), open.segment.size);
      segments.push(open.segment);
      audioEndUs = open.audioEndUs;
    }
  }
  if (audioEndUs === undefined && last !== undefined) {
    const tail = await readOpen(
      join(folder, `${last.number}.m4s`),
      last.number,
      inits,
      rendition.data.kind,
    );
    audioEndUs = tail?.audioEndUs;
    if (tail !== undefined) last.parts = tail.segment.parts;
  }
  return { rendition: rendition.data, segments, inits, audioEndUs };
}

async function readIndex(folder: string, files: Set<string>, sinceUs: number): Promise<Segment[]> {
  const text = await readFile(join(folder, INDEX), 'utf8').catch(() => '');
  let segments: Segment[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    let parsed: z.infer<typeof indexLineSchema>;
    try {
      parsed = indexLineSchema.parse(JSON.parse(line));
    } catch {
      // The last line of a process that died in the middle of it.
      continue;
    }
    const { n, start, dur, size, init, key, gap = false } = parsed;
    if (start + dur < sinceUs || (!gap && !files.has(`${n}.m4s`))) continue;
    // Only an unbroken row can be a playlist.
    if (segments.length > 0 && segments.at(-1)?.number !== n - 1) segments = [];
    segments.push({
      number: n,
      startUs: start,
      durationUs: dur,
      parts: [],
      size,
      complete: true,
      gap,
      init,
      keyBytes: key,
      memory: undefined,
      onDisk: true,
    });
  }
  return segments;
}

async function readOpen(
  path: string,
  number: number,
  inits: readonly Uint8Array[],
  kind: Rendition['kind'],
): Promise<{ segment: Segment; audioEndUs: number } | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  const init = inits.at(-1);
  if (bytes === undefined || init === undefined) return undefined;
  const incoming: IncomingPart[] = [];
  const reader = new PushReader(kind, { onInit: () => {}, onPart: (part) => incoming.push(part) });
  try {
    reader.push(init);
    reader.push(bytes);
  } catch {
    // What was read before the damage counts.
  }
  const first = incoming[0];
  const end = incoming.at(-1);
  if (first === undefined || end === undefined) return undefined;
  let offset = 0;
  const parts = incoming.map((part): Part => {
    const at = offset;
    offset += part.bytes.length;
    return {
      startUs: part.startUs,
      durationUs: part.endUs - part.startUs,
      independent: part.independent,
      gap: false,
      offset: at,
      size: part.bytes.length,
    };
  });
  const segment: Segment = {
    number,
    startUs: first.startUs,
    durationUs: end.endUs - first.startUs,
    parts,
    size: offset,
    complete: false,
    gap: false,
    init: inits.length - 1,
    keyBytes: first.independent ? first.keyBytes : 0,
    memory: incoming.map((part) => part.bytes),
    onDisk: false,
  };
  return { segment, audioEndUs: end.audioEndUs };
}
