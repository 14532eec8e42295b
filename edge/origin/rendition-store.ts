import { createHash } from 'node:crypto';
import { AmphiError, type Clock, Emitter } from '#base';
import type { PushPosition, Rendition } from '#contracts';
import { Discontinuities } from './discontinuities.ts';
import { nominalPartUs, SegmentGrid, targetSeconds } from './grid.ts';
import { endOf, gapParts, type Part, SEAM_US, type Segment } from './segment.ts';

type StoreEvents = {
  /** A part has been added, or a segment closed; whoever waits looks again. */
  advanced: [];
  /** The bytes of a part, in order: for the spool. */
  stored: [segment: Segment, part: Part, bytes: Uint8Array];
  completed: [segment: Segment];
  /** Playlists list nothing before this segment any more. */
  unlisted: [from: number];
  /** No longer to be had. */
  dropped: [segment: Segment];
};

export interface IncomingPart {
  bytes: Uint8Array;
  startUs: number;
  endUs: number;
  /** End of its sound; undefined where it has none. */
  audioEndUs: number | undefined;
  independent: boolean;
  keyBytes: number;
}

/** What became of a part. */
export type Appended =
  | 'added'
  /** It is there already. */
  | 'known'
  /** It cannot be decoded where it would stand: the stretch stays a gap. */
  | 'skipped';

/** What a process before this one left. */
export interface RestoredRow {
  /** Whole segments, an unbroken row. */
  segments: Segment[];
  /** Playlists list nothing before this segment. */
  listedFrom: number;
  inits: readonly Uint8Array[];
  audioEndUs: number | undefined;
  /** What came after them, part by part, for the newest of the inits. */
  tail: readonly IncomingPart[];
  ended: boolean;
}

/**
 * Segments whose parts, and their bytes, stay in memory. Parts are listed for
 * four target durations and must be there for three more (6.2.2).
 */
export const IN_MEMORY = 10;
/** Segments kept in memory when the disk does not take them. */
const IN_MEMORY_UNSAVED = 24;
/** Media from further in the future or the past than this is somebody's broken clock. */
const FUTURE_US = 30_000_000;
const PAST_US = 3_600_000_000;
/** After a longer hole the playlist begins anew: all before it has left any window worth listing. */
const MAX_GAP_US = 3_600_000_000;
const INIT_NAME_DIGITS = 12;
/** A live playlist may not get shorter than this many target durations (6.2.2). */
const LEAST_TARGETS = 3;

/**
 * One rendition of one run: an ever-growing row of segments, numbered by their
 * place on the grid, of which the newest window is kept and listed.
 */
export class RenditionStore extends Emitter<StoreEvents> {
  #rendition: Rendition;
  readonly discontinuities: Discontinuities;
  readonly #clock: Clock;
  readonly #grid: SegmentGrid;
  #segments: Segment[] = [];
  /** Index of the first segment that playlists list; those before it can still be fetched. */
  #firstListed = 0;
  /** Index from which on parts are in memory. */
  #firstInMemory = 0;
  #inits: Uint8Array[] = [];
  #initNames: string[] = [];
  #audioEndUs: number | undefined;
  #ended = false;
  /** The next part must be decodable on its own. */
  #needsKey = true;
  #version = 0;
  #rowVersion = 0;

  constructor(rendition: Rendition, clock: Clock, discontinuities = new Discontinuities()) {
    super();
    this.#rendition = rendition;
    this.discontinuities = discontinuities;
    this.#clock = clock;
    this.#grid = new SegmentGrid(rendition);
  }

  get rendition(): Rendition {
    return this.#rendition;
  }

  /** Takes over what a writer says anew. What playlists have promised, the cut and the part target, stays. */
  redescribe({ codecs, width, height, bitsPerSecond }: Rendition): void {
    this.#rendition = { ...this.#rendition, codecs, width, height, bitsPerSecond };
  }

  /** All that can be fetched, oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** What playlists list. */
  get listed(): readonly Segment[] {
    return this.#firstListed === 0 ? this.#segments : this.#segments.slice(this.#firstListed);
  }

  /** Grows with every change that a low-latency playlist shows. */
  get version(): number {
    return this.#version;
  }

  /** Grows with every change that a playlist without parts shows. */
  get rowVersion(): number {
    return this.#rowVersion;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get initCount(): number {
    return this.#inits.length;
  }

  init(number: number): Uint8Array | undefined {
    return this.#inits[number];
  }

  /** Named by its content: the same in every run that has it, and never another under its name. */
  initName(number: number): string {
    return this.#initNames[number] ?? '';
  }

  initNamed(name: string): Uint8Array | undefined {
    return this.#inits[this.#initNames.indexOf(name)];
  }

  /** Where the media ends, in microseconds since the epoch. */
  get endUs(): number | undefined {
    const last = this.#segments.at(-1);
    return last === undefined ? undefined : endOf(last);
  }

  get position(): PushPosition {
    const endUs = this.endUs;
    if (endUs === undefined) return {};
    if (this.rendition.kind === 'audio') return { audioEndUs: endUs };
    return {
      videoEndUs: endUs,
      ...(this.#audioEndUs === undefined ? {} : { audioEndUs: this.#audioEndUs }),
    };
  }

  /** Media sequence number and part index of the newest part. */
  get newest(): { msn: number; part: number } | undefined {
    const last = this.#segments.at(-1);
    if (last === undefined) return undefined;
    return { msn: last.number, part: Math.max(0, last.parts.length - 1) };
  }

  segment(number: number): Segment | undefined {
    const first = this.#segments[0];
    return first === undefined ? undefined : this.#segments[number - first.number];
  }

  /** The number of this initialization segment, and whether what follows differs from what was before. */
  addInit(init: Uint8Array): { number: number; changed: boolean } {
    const last = this.#inits.at(-1);
    if (last !== undefined && Buffer.compare(last, init) === 0) {
      return { number: this.#inits.length - 1, changed: false };
    }
    this.#pushInit(init);
    return { number: this.#inits.length - 1, changed: last !== undefined };
  }

  /** Puts back what was on disk. Only before anything is pushed. */
  restore(row: RestoredRow): void {
    this.#segments = row.segments;
    for (const init of row.inits) this.#pushInit(init);
    this.#audioEndUs = row.audioEndUs;
    this.#needsKey = row.segments.length === 0;
    this.#firstInMemory = Math.max(0, row.segments.length - IN_MEMORY);
    for (const part of row.tail) {
      try {
        this.append(this.#inits.length - 1, part);
      } catch {
        // What does not fit, and what follows it, is of another time.
        break;
      }
    }
    for (const segment of this.#segments) segment.onDisk = segment.complete;
    while (this.#beginsBefore(this.#firstListed, row.listedFrom)) this.#firstListed++;
    if (row.ended) this.end();
    this.#rowChanged();
  }

  /**
   * Adds the next part. Throws `bad_media` for one that overlaps what is
   * there, lies far from now, or does not fit the grid; `conflict` after the end.
   */
  append(init: number, incoming: IncomingPart): Appended {
    if (this.#ended) throw new AmphiError('conflict', 'the rendition has ended');
    let number = this.#check(incoming);
    const last = this.#segments.at(-1);
    let isHole = this.#needsKey;
    if (last !== undefined) {
      const endUs = endOf(last);
      if (incoming.endUs <= endUs + 1_000) return 'known';
      if (incoming.startUs < endUs - SEAM_US) {
        throw new AmphiError('bad_media', 'the part overlaps what is there');
      }
      // By a hair it begins before the end of a segment to which nothing is added any more.
      number = Math.max(number, last.complete ? last.number + 1 : last.number);
      isHole ||= incoming.startUs - endUs > SEAM_US;
      if (init !== last.init && !this.#mayChangeInit(last, number)) return this.#skip();
    }
    if (isHole && !incoming.independent) return this.#skip();
    this.#needsKey = false;
    this.#add(init, number, incoming);
    return 'added';
  }

  /** No more parts: what is open is closed, and the playlist ends. */
  end(): void {
    if (this.#ended) return;
    const open = this.#segments.at(-1);
    if (open !== undefined && !open.complete) this.#complete(open);
    this.#ended = true;
    this.#rowChanged();
    this.emit('advanced');
  }

  /**
   * Takes segments that end before `listFromUs` out of the playlists, and lets
   * go of those that end before `keepFromUs`. A playable rest always stays.
   */
  trim(listFromUs: number, keepFromUs: number): void {
    const leastUs = LEAST_TARGETS * targetSeconds(this.rendition.grid) * 1e6;
    const newestEndUs = this.endUs ?? 0;
    const floorUs = newestEndUs - leastUs;
    const before = this.#firstListed;
    while (this.#endsBefore(this.#firstListed, Math.min(listFromUs, floorUs))) this.#firstListed++;
    let count = 0;
    while (count < this.#firstListed && this.#endsBefore(count, keepFromUs)) count++;
    const first = this.#segments[this.#firstListed];
    if (this.#firstListed > before && first !== undefined) {
      this.#rowChanged();
      this.emit('unlisted', first.number);
    }
    this.#drop(count);
  }

  /** A segment has come to be whole on disk: its memory can go when its time comes. */
  saved(segment: Segment): void {
    segment.onDisk = true;
    this.#forget();
  }

  #pushInit(init: Uint8Array): void {
    const digest = createHash('sha256').update(init).digest('hex');
    this.#inits.push(init);
    this.#initNames.push(`init-${digest.slice(0, INIT_NAME_DIGITS)}.mp4`);
  }

  /** Returns the number of the segment that the part belongs to. */
  #check({ startUs, endUs }: IncomingPart): number {
    const nowUs = this.#clock.nowUs();
    if (startUs > nowUs + FUTURE_US || endUs < nowUs - PAST_US) {
      throw new AmphiError('bad_media', 'the media time is far from now');
    }
    if (endUs <= startUs) throw new AmphiError('bad_media', 'a part without duration');
    const number = this.#grid.numberAt(startUs);
    if (endUs > this.#grid.startOf(number + 1) + SEAM_US) {
      throw new AmphiError('bad_media', 'a part that reaches into the next segment');
    }
    return number;
  }

  /** All parts of a segment need the same init, and a changed one must be announced in all renditions. */
  #mayChangeInit(last: Segment, number: number): boolean {
    return number > last.number && this.discontinuities.between(last.number, number);
  }

  #skip(): 'skipped' {
    this.#needsKey = true;
    return 'skipped';
  }

  #add(init: number, number: number, incoming: IncomingPart): void {
    const { startUs, endUs, bytes } = incoming;
    let open = this.#segments.at(-1);
    if (open !== undefined && number > open.number) {
      this.#fillTo(open, number);
      open = undefined;
    }
    if (open === undefined || open.complete) open = this.#open(number, startUs, init);
    this.#fillHole(open, startUs);
    const part: Part = {
      startUs,
      durationUs: endUs - startUs,
      independent: incoming.independent,
      gap: false,
      offset: open.size,
      size: bytes.length,
      bytes,
    };
    if (open.parts.length === 0 && incoming.independent) open.keyBytes = incoming.keyBytes;
    open.parts.push(part);
    open.size += part.size;
    open.durationUs = endUs - open.startUs;
    this.#audioEndUs = incoming.audioEndUs ?? this.#audioEndUs;
    this.#version++;
    this.emit('stored', open, part, bytes);
    // The grid says when nothing more belongs to it; the next part need not be awaited.
    if (this.#grid.numberAt(endUs) > open.number) this.#complete(open);
    this.emit('advanced');
  }

  /** A segment that follows a hole begins where the grid says, and lists what is missing. */
  #open(number: number, startUs: number, init: number): Segment {
    const last = this.#segments.at(-1);
    const gridStartUs = this.#grid.startOf(number);
    const afterHole = last !== undefined && startUs - endOf(last) > SEAM_US;
    return this.#push(number, afterHole ? Math.min(gridStartUs, startUs) : startUs, init);
  }

  #push(number: number, startUs: number, init: number): Segment {
    const segment: Segment = {
      number,
      startUs,
      durationUs: 0,
      parts: [],
      size: 0,
      complete: false,
      gap: false,
      init,
      discontinuity: this.discontinuities.has(number),
      keyBytes: 0,
      onDisk: false,
    };
    this.#segments.push(segment);
    this.#forget();
    return segment;
  }

  #complete(segment: Segment): void {
    segment.complete = true;
    this.#rowChanged();
    this.emit('completed', segment);
  }

  /** Closes the open segment up to its end on the grid and lists what is missing until `number`. */
  #fillTo(open: Segment, number: number): void {
    if (this.#grid.startOf(number) - endOf(open) > MAX_GAP_US) {
      this.#drop(this.#segments.length);
      return;
    }
    if (!open.complete) {
      this.#fillHole(open, this.#grid.startOf(open.number + 1));
      this.#complete(open);
    }
    for (let n = open.number + 1; n < number; n++) {
      const gap = this.#push(n, this.#grid.startOf(n), open.init);
      gap.durationUs = this.rendition.grid.segmentUs;
      gap.gap = true;
      this.#complete(gap);
    }
  }

  #fillHole(segment: Segment, untilUs: number): void {
    const longest = nominalPartUs(this.rendition.grid);
    const missing = gapParts(endOf(segment), untilUs, longest, segment.size);
    const last = missing.at(-1);
    if (last === undefined) return;
    segment.parts.push(...missing);
    segment.durationUs = last.startUs + last.durationUs - segment.startUs;
  }

  #beginsBefore(index: number, number: number): boolean {
    const segment = this.#segments[index];
    return segment !== undefined && segment.number < number;
  }

  #endsBefore(index: number, us: number): boolean {
    const segment = this.#segments[index];
    return segment !== undefined && endOf(segment) <= us;
  }

  /** Frees the memory of segments that are on disk, and drops what could be kept nowhere. */
  #forget(): void {
    const newest = this.#segments.length - 1;
    for (; this.#firstInMemory < newest - IN_MEMORY; this.#firstInMemory++) {
      const segment = this.#segments[this.#firstInMemory];
      if (segment === undefined) break;
      if (!segment.onDisk && !segment.gap) {
        if (this.#firstInMemory >= newest - IN_MEMORY_UNSAVED) break;
        // Neither disk nor memory has room for it: the window begins behind it.
        this.#drop(this.#firstInMemory + 1);
        this.#forget();
        return;
      }
      segment.parts = [];
    }
  }

  /** Lets go of the first `count` segments. */
  #drop(count: number): void {
    if (count === 0) return;
    const dropped = this.#segments.slice(0, count);
    this.#segments = this.#segments.slice(count);
    this.#firstListed = Math.max(0, this.#firstListed - count);
    this.#firstInMemory = Math.max(0, this.#firstInMemory - count);
    this.#rowChanged();
    for (const segment of dropped) this.emit('dropped', segment);
  }

  #rowChanged(): void {
    this.#version++;
    this.#rowVersion++;
  }
}
