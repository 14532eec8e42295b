import { AmphiError, type Clock, Emitter } from '#base';
import type { PushPosition, Rendition } from '#contracts';
import { endOf, type Part, type Segment } from './segment.ts';

type StoreEvents = {
  /** A part has been added, or a segment closed; whoever waits looks again. */
  advanced: [];
  /** The bytes of a part, in order: for the spool. */
  stored: [segment: Segment, part: Part, bytes: Uint8Array];
  completed: [segment: Segment];
  /** Left the window. */
  dropped: [segment: Segment];
};

export interface IncomingPart {
  bytes: Uint8Array;
  startUs: number;
  endUs: number;
  audioEndUs: number;
  independent: boolean;
  keyBytes: number;
}

/** Segments whose bytes stay in memory. */
const IN_MEMORY = 8;
/** Segments kept in memory when the disk does not take them. */
const IN_MEMORY_UNSAVED = 24;
/** A stretch that is missing and no longer than this is a frame that came late, not a gap. */
const SEAM_US = 120_000;
/** Samples may begin this much before the boundary that they belong behind. */
const HAIR_US = 12_000;
/** Media from further in the future or the past than this is somebody's broken clock. */
const FUTURE_US = 30_000_000;
const PAST_US = 3_600_000_000;
/** A longer hole is not listed as gap segments; the playlist jumps with a discontinuity. */
const MAX_GAP_SEGMENTS = 900;

/**
 * One rendition of one run: an ever-growing row of segments, numbered by their
 * place on the grid, of which the newest window is kept.
 */
export class RenditionStore extends Emitter<StoreEvents> {
  readonly rendition: Rendition;
  readonly #clock: Clock;
  #segments: Segment[] = [];
  #inits: Uint8Array[] = [];
  #audioEndUs: number | undefined;
  #ended = false;
  /** Grows with every change that a playlist shows. */
  #version = 0;

  constructor(rendition: Rendition, clock: Clock) {
    super();
    this.rendition = rendition;
    this.#clock = clock;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get version(): number {
    return this.#version;
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

  get position(): PushPosition {
    const last = this.#segments.at(-1);
    if (last === undefined) return {};
    const end = endOf(last);
    if (this.rendition.kind === 'audio') return { audioEndUs: end };
    return {
      videoEndUs: end,
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

  /** Returns the number of this initialization segment, known or new. */
  addInit(init: Uint8Array): number {
    const last = this.#inits.at(-1);
    if (last !== undefined && Buffer.compare(last, init) === 0) return this.#inits.length - 1;
    this.#inits.push(init);
    return this.#inits.length - 1;
  }

  /** Puts back what was on disk. Only before anything is pushed. */
  restore(segments: Segment[], inits: Uint8Array[], audioEndUs: number | undefined): void {
    this.#segments = segments;
    this.#inits = inits;
    this.#audioEndUs = audioEndUs;
    this.#version++;
  }

  /**
   * Adds the next part. One that is there already is ignored; one that overlaps,
   * or lies far from now, throws `bad_media`.
   */
  append(init: number, incoming: IncomingPart): void {
    const { grid } = this.rendition;
    const nowUs = this.#clock.nowUs();
    if (incoming.startUs > nowUs + FUTURE_US || incoming.endUs < nowUs - PAST_US) {
      throw new AmphiError('bad_media', 'the media time is far from now');
    }
    const durationUs = incoming.endUs - incoming.startUs;
    if (durationUs <= 0 || durationUs > grid.segmentUs * 2) {
      throw new AmphiError('bad_media', `a part of ${durationUs} µs`);
    }
    const number = Math.floor((incoming.startUs - grid.phaseUs + HAIR_US) / grid.segmentUs);
    let open = this.#segments.at(-1);
    if (open !== undefined) {
      const endUs = endOf(open);
      if (incoming.endUs <= endUs + 1_000) return;
      if (incoming.startUs < endUs - SEAM_US) {
        throw new AmphiError('bad_media', 'the part overlaps what is there');
      }
    }
    this.#ended = false;
    if (open !== undefined && number > open.number) {
      this.#fillTo(open, number, init);
      open = undefined;
    }
    if (open === undefined || open.complete) open = this.#open(number, incoming.startUs, init);
    else this.#fillHole(open, incoming.startUs);
    const part: Part = {
      startUs: incoming.startUs,
      durationUs,
      independent: incoming.independent,
      gap: false,
      offset: open.size,
      size: incoming.bytes.length,
    };
    if (open.parts.length === 0 && incoming.independent) open.keyBytes = incoming.keyBytes;
    open.parts.push(part);
    open.memory?.push(incoming.bytes);
    open.size += part.size;
    open.durationUs = incoming.endUs - open.startUs;
    this.#audioEndUs = incoming.audioEndUs;
    this.#changed();
    this.emit('stored', open, part, incoming.bytes);
    // The grid says when nothing more belongs to it; the next part need not be awaited.
    const nextNumber = Math.floor((incoming.endUs - grid.phaseUs + HAIR_US) / grid.segmentUs);
    if (nextNumber > open.number) this.#complete(open);
    this.emit('advanced');
  }

  /** No more parts: what is open is closed, and the playlist ends. */
  end(): void {
    const open = this.#segments.at(-1);
    if (open !== undefined && !open.complete) this.#complete(open);
    this.#ended = true;
    this.#changed();
    this.emit('advanced');
  }

  /** Lets go of segments that end before this time. The last ones always stay. */
  trim(beforeUs: number): void {
    let count = 0;
    for (const segment of this.#segments) {
      if (endOf(segment) > beforeUs || this.#segments.length - count <= 3) break;
      count++;
    }
    if (count === 0) return;
    const dropped = this.#segments.slice(0, count);
    this.#segments = this.#segments.slice(count);
    this.#changed();
    for (const segment of dropped) this.emit('dropped', segment);
  }

  #open(number: number, startUs: number, init: number): Segment {
    const segment: Segment = {
      number,
      startUs,
      durationUs: 0,
      parts: [],
      size: 0,
      complete: false,
      gap: false,
      init,
      keyBytes: 0,
      memory: [],
      onDisk: false,
    };
    this.#segments.push(segment);
    this.#forget();
    return segment;
  }

  /** Frees the memory of segments that are on disk, and drops what could be kept nowhere. */
  #forget(): void {
    const old = this.#segments.at(-1 - IN_MEMORY);
    if (old?.onDisk) old.memory = undefined;
    const unsaved = this.#segments.at(-1 - IN_MEMORY_UNSAVED);
    if (unsaved !== undefined && !unsaved.onDisk && !unsaved.gap) this.trim(endOf(unsaved) + 1);
  }

  #complete(segment: Segment): void {
    segment.complete = true;
    this.#changed();
    this.emit('completed', segment);
  }

  /** Closes the open segment up to its end on the grid and lists what is missing until `number`. */
  #fillTo(open: Segment, number: number, init: number): void {
    const { segmentUs, phaseUs } = this.rendition.grid;
    const startOf = (n: number) => n * segmentUs + phaseUs;
    if (!open.complete) {
      this.#fillHole(open, startOf(open.number + 1));
      this.#complete(open);
    }
    if (number - open.number > MAX_GAP_SEGMENTS) {
      for (const segment of this.#segments) this.emit('dropped', segment);
      this.#segments = [];
      return;
    }
    for (let n = open.number + 1; n < number; n++) {
      const gap = this.#open(n, startOf(n), init);
      gap.durationUs = segmentUs;
      gap.gap = true;
      gap.memory = undefined;
      this.#complete(gap);
    }
  }

  /** Marks a missing stretch at the end of a segment, in pieces no longer than a part. */
  #fillHole(segment: Segment, untilUs: number): void {
    const { segmentUs, partsPerSegment } = this.rendition.grid;
    const longest = segmentUs / partsPerSegment;
    for (let at = endOf(segment); untilUs - at > SEAM_US; at = endOf(segment)) {
      const durationUs = Math.min(longest, untilUs - at);
      segment.parts.push({
        startUs: at,
        durationUs,
        independent: false,
        gap: true,
        offset: segment.size,
        size: 0,
      });
      segment.durationUs = at + durationUs - segment.startUs;
    }
  }

  #changed(): void {
    this.#version++;
  }
}
