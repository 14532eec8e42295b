import { readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rendition } from '#contracts';
import { nominalPartUs } from '../grid.ts';
import { PushReader } from '../push-reader.ts';
import { IN_MEMORY, type IncomingPart, type RestoredRow } from '../rendition-store.ts';
import { gapParts, type Part, type Segment } from '../segment.ts';
import {
  INDEX,
  type Index,
  initFile,
  RENDITION,
  type RenditionRecord,
  readIndexText,
  renditionRecordSchema,
  segmentFile,
  segmentNumberOf,
} from './files.ts';

export interface Restored extends RestoredRow {
  record: RenditionRecord;
}

/**
 * Reads a rendition's folder after a restart; undefined when there is nothing
 * usable. What a dying process left half written is cut off.
 */
export async function restoreRendition(
  folder: string,
  sinceUs: number,
): Promise<Restored | undefined> {
  const record = await readRecord(folder);
  if (record === undefined) return undefined;
  const files = new Set(await readdir(folder));
  const inits: Uint8Array[] = [];
  for (let i = 0; files.has(initFile(i)); i++) {
    inits.push(await readFile(join(folder, initFile(i))));
  }
  const index = await readIndex(folder, files, sinceUs, inits.length);
  const row = unbroken(index.segments);
  const reader = new SegmentFiles(folder, record.rendition, inits);
  const { intact, audioEndUs } = await reader.rereadNewest(row);
  const segments = row.slice(0, intact);
  const tail = await reader.readTail(segments.at(-1)?.number, files);
  if (segments.length === 0 && tail.length === 0) return undefined;
  const { listedFrom } = index;
  return { record, segments, listedFrom, inits, audioEndUs, tail, ended: record.ended };
}

async function readRecord(folder: string): Promise<RenditionRecord | undefined> {
  try {
    return renditionRecordSchema.parse(JSON.parse(await readFile(join(folder, RENDITION), 'utf8')));
  } catch {
    return undefined;
  }
}

async function readIndex(
  folder: string,
  files: ReadonlySet<string>,
  sinceUs: number,
  initCount: number,
): Promise<Index> {
  const text = await readFile(join(folder, INDEX), 'utf8').catch(() => '');
  const { segments, listedFrom } = readIndexText(text);
  const usable = segments.filter(
    (segment) =>
      segment.startUs + segment.durationUs >= sinceUs &&
      segment.init < initCount &&
      (segment.gap || files.has(segmentFile(segment.number))),
  );
  return { segments: usable, listedFrom };
}

/** Only an unbroken row can be a playlist: the newest one. */
function unbroken(segments: readonly Segment[]): Segment[] {
  let row: Segment[] = [];
  for (const segment of segments) {
    const expected = (row.at(-1)?.number ?? segment.number - 1) + 1;
    // A line can be there twice: the process died between replacing the index and appending to it.
    if (segment.number < expected) continue;
    if (segment.number > expected) row = [];
    row.push(segment);
  }
  return row;
}

/** Reads segment files part by part, as they were pushed. */
class SegmentFiles {
  readonly #folder: string;
  readonly #rendition: Rendition;
  readonly #inits: readonly Uint8Array[];

  constructor(folder: string, rendition: Rendition, inits: readonly Uint8Array[]) {
    this.#folder = folder;
    this.#rendition = rendition;
    this.#inits = inits;
  }

  /**
   * The parts of the newest whole segments, which players may still ask for.
   * Returns how many segments are as the index has them, and where sound ends:
   * a machine that lost its power may have kept the index and not the media.
   */
  async rereadNewest(
    segments: readonly Segment[],
  ): Promise<{ intact: number; audioEndUs: number | undefined }> {
    let audioEndUs: number | undefined;
    for (const [i, segment] of segments.entries()) {
      if (segment.gap || i < segments.length - IN_MEMORY) continue;
      const bytes = await this.#read(segment.number);
      const incoming = readParts(bytes, this.#inits[segment.init], this.#rendition.kind);
      const size = incoming.reduce((sum, part) => sum + part.bytes.length, 0);
      if (size !== segment.size) return { intact: i, audioEndUs };
      segment.parts = partsOf(segment, incoming, nominalPartUs(this.#rendition.grid));
      for (const part of incoming) audioEndUs = part.audioEndUs ?? audioEndUs;
    }
    return { intact: segments.length, audioEndUs };
  }

  /**
   * Segments that have a file but no line in the index: the open one, and
   * those that the process had no time to enter.
   */
  async readTail(newest: number | undefined, files: ReadonlySet<string>): Promise<IncomingPart[]> {
    const numbers = [...files].map(segmentNumberOf).filter((number) => number !== undefined);
    const tail: IncomingPart[] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      if (newest !== undefined && number <= newest) continue;
      const bytes = await this.#read(number);
      const incoming = readParts(bytes, this.#inits.at(-1), this.#rendition.kind);
      const size = incoming.reduce((sum, part) => sum + part.bytes.length, 0);
      // What follows the last whole part would spoil what is appended.
      if (size < bytes.length) await truncate(join(this.#folder, segmentFile(number)), size);
      tail.push(...incoming);
    }
    return tail;
  }

  #read(number: number): Promise<Buffer> {
    return readFile(join(this.#folder, segmentFile(number)));
  }
}

/** The whole parts at the beginning of these bytes. */
export function readParts(
  bytes: Uint8Array,
  init: Uint8Array | undefined,
  kind: Rendition['kind'],
): IncomingPart[] {
  const parts: IncomingPart[] = [];
  if (init === undefined) return parts;
  const reader = new PushReader(kind, { onInit: () => {}, onPart: (part) => parts.push(part) });
  try {
    reader.push(init);
    reader.push(bytes);
  } catch {
    // What was read before the damage counts.
  }
  return parts;
}

/** The parts as they were numbered when they came: with what was missing between them. */
function partsOf(segment: Segment, incoming: readonly IncomingPart[], longestUs: number): Part[] {
  const parts: Part[] = [];
  let atUs = segment.startUs;
  let offset = 0;
  for (const { startUs, endUs, independent, bytes } of incoming) {
    parts.push(...gapParts(atUs, startUs, longestUs, offset), {
      startUs,
      durationUs: endUs - startUs,
      independent,
      gap: false,
      offset,
      size: bytes.length,
      bytes,
    });
    offset += bytes.length;
    atUs = endUs;
  }
  parts.push(...gapParts(atUs, segment.startUs + segment.durationUs, longestUs, offset));
  return parts;
}
