import { ByteReader, joined } from '../bytes.ts';

/** Reading what an encoder pushes: strict, bounded, and without trust. */

export interface TopLevelBox {
  type: string;
  /** The whole box, header included. */
  bytes: Uint8Array;
}

/**
 * Cuts a byte stream of any chunking into top-level boxes. Throws `RangeError`
 * for a size that is a lie by its own form (smaller than its header) or larger
 * than the bound; the cutter is then spent.
 */
export class BoxCutter {
  readonly #maxBoxBytes: number;
  readonly #onBox: (box: TopLevelBox) => void;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #wanted = 8;

  constructor(maxBoxBytes: number, onBox: (box: TopLevelBox) => void) {
    this.#maxBoxBytes = maxBoxBytes;
    this.#onBox = onBox;
  }

  /** Bytes of a box that has begun and not ended. */
  get pending(): number {
    return this.#buffered;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= this.#wanted) {
      const all = joined(this.#chunks, this.#buffered);
      const size = new DataView(all.buffer, all.byteOffset, all.byteLength).getUint32(0);
      if (size < 8) throw new RangeError(`box of size ${size}`);
      if (size > this.#maxBoxBytes) throw new RangeError(`box of ${size} bytes is over the limit`);
      if (all.length < size) {
        this.#chunks = [all];
        this.#wanted = size;
        return;
      }
      this.#chunks = all.length > size ? [all.subarray(size)] : [];
      this.#buffered = all.length - size;
      this.#wanted = 8;
      this.#onBox({ type: typeOf(all, 4), bytes: all.subarray(0, size) });
    }
  }
}

/** Iterates over child boxes. Throws `RangeError` when one does not fit its parent. */
function* children(bytes: Uint8Array, from: number, to: number): IterableIterator<BoxSpan> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  while (at < to) {
    if (at + 8 > to) throw new RangeError('box header cut off');
    const size = view.getUint32(at);
    if (size < 8 || at + size > to) throw new RangeError(`box of size ${size} does not fit`);
    yield { type: typeOf(bytes, at + 4), start: at + 8, end: at + size };
    at += size;
  }
}

interface BoxSpan {
  type: string;
  start: number;
  end: number;
}

function typeOf(bytes: Uint8Array, at: number): string {
  let type = '';
  for (let i = at; i < at + 4; i++) type += String.fromCharCode(bytes[i] ?? 0);
  return type;
}

export interface InitTrackInfo {
  trackId: number;
  kind: 'video' | 'audio';
  timescale: number;
}

const MAX_TRACKS = 8;

/** Reads the tracks of a `moov` box. Throws `RangeError` when it is malformed or empty. */
export function parseMoov(moov: Uint8Array): InitTrackInfo[] {
  const tracks: InitTrackInfo[] = [];
  for (const trak of children(moov, 8, moov.length)) {
    if (trak.type !== 'trak') continue;
    if (tracks.length === MAX_TRACKS) throw new RangeError('too many tracks');
    tracks.push(parseTrak(moov, trak));
  }
  if (tracks.length === 0) throw new RangeError('moov has no track');
  return tracks;
}

function parseTrak(bytes: Uint8Array, trak: BoxSpan): InitTrackInfo {
  let trackId = 0;
  let timescale = 0;
  let handler = '';
  for (const child of children(bytes, trak.start, trak.end)) {
    if (child.type === 'tkhd') {
      const r = new ByteReader(bytes, child.start, child.end);
      const version = r.u8();
      r.skip(version === 1 ? 19 : 11);
      trackId = r.u32();
    } else if (child.type === 'mdia') {
      for (const inner of children(bytes, child.start, child.end)) {
        const r = new ByteReader(bytes, inner.start, inner.end);
        if (inner.type === 'mdhd') {
          const version = r.u8();
          r.skip(version === 1 ? 19 : 11);
          timescale = r.u32();
        } else if (inner.type === 'hdlr') {
          r.skip(8);
          handler = typeOf(r.slice(4), 0);
        }
      }
    }
  }
  if (handler !== 'vide' && handler !== 'soun') throw new RangeError(`track handler "${handler}"`);
  if (trackId === 0 || timescale === 0) throw new RangeError('track without id or timescale');
  return { trackId, kind: handler === 'vide' ? 'video' : 'audio', timescale };
}

export interface TrackFragmentInfo {
  trackId: number;
  /** Decoding time of the first sample, in ticks. */
  baseDecodeTime: number;
  /** Sum of the sample durations, in ticks. */
  duration: number;
  sampleCount: number;
  /** The first sample can be decoded on its own. */
  startsWithKey: boolean;
  /** Offset from the start of the `moof`, and size in bytes, of the first sample. */
  firstSample: { offset: number; size: number };
}

const TFHD_BASE_DATA_OFFSET = 0x01;
const TFHD_SAMPLE_DESCRIPTION = 0x02;
const TFHD_DEFAULT_DURATION = 0x08;
const TFHD_DEFAULT_SIZE = 0x10;
const TFHD_DEFAULT_FLAGS = 0x20;
const TFHD_DEFAULT_BASE_IS_MOOF = 0x020000;
const TRUN_DATA_OFFSET = 0x01;
const TRUN_FIRST_FLAGS = 0x04;
const TRUN_DURATION = 0x100;
const TRUN_SIZE = 0x200;
const TRUN_FLAGS = 0x400;
const TRUN_COMPOSITION = 0x800;
const SAMPLE_IS_NON_SYNC = 0x010000;
const MAX_SAMPLES = 10_000;

/**
 * Reads the track fragments of a `moof` box whose `mdat` follows with
 * `mdatBytes` bytes, header included. Every sample must lie inside that `mdat`.
 * Throws `RangeError` for anything else.
 */
export function parseMoof(moof: Uint8Array, mdatBytes: number): TrackFragmentInfo[] {
  const tracks: TrackFragmentInfo[] = [];
  const dataStart = moof.length + 8;
  const dataEnd = moof.length + mdatBytes;
  for (const traf of children(moof, 8, moof.length)) {
    if (traf.type !== 'traf') continue;
    if (tracks.length === MAX_TRACKS) throw new RangeError('too many track fragments');
    tracks.push(parseTraf(moof, traf, dataStart, dataEnd));
  }
  if (tracks.length === 0) throw new RangeError('moof has no track fragment');
  return tracks;
}

function parseTraf(
  bytes: Uint8Array,
  traf: BoxSpan,
  dataStart: number,
  dataEnd: number,
): TrackFragmentInfo {
  let trackId = 0;
  let defaults = { duration: 0, size: 0, flags: 0 };
  let baseDecodeTime: number | undefined;
  let duration = 0;
  let sampleCount = 0;
  let startsWithKey = false;
  let firstSample: TrackFragmentInfo['firstSample'] | undefined;
  let cursor = dataStart;
  for (const child of children(bytes, traf.start, traf.end)) {
    const r = new ByteReader(bytes, child.start, child.end);
    if (child.type === 'tfhd') {
      ({ trackId, defaults } = parseTfhd(r));
    } else if (child.type === 'tfdt') {
      const version = r.u8();
      r.skip(3);
      baseDecodeTime = version === 1 ? r.u64() : r.u32();
    } else if (child.type === 'trun') {
      const flags = r.u32() & 0xffffff;
      const count = r.u32();
      if (sampleCount + count > MAX_SAMPLES) throw new RangeError(`trun of ${count} samples`);
      if (flags & TRUN_DATA_OFFSET) cursor = r.i32();
      const firstFlags = flags & TRUN_FIRST_FLAGS ? r.u32() : undefined;
      for (let i = 0; i < count; i++) {
        duration += flags & TRUN_DURATION ? r.u32() : defaults.duration;
        const size = flags & TRUN_SIZE ? r.u32() : defaults.size;
        const own = flags & TRUN_FLAGS ? r.u32() : defaults.flags;
        if (flags & TRUN_COMPOSITION) r.skip(4);
        if (firstSample === undefined) {
          firstSample = { offset: cursor, size };
          startsWithKey = ((firstFlags ?? own) & SAMPLE_IS_NON_SYNC) === 0;
        }
        if (cursor < dataStart || cursor + size > dataEnd) {
          throw new RangeError('a sample lies outside its mdat');
        }
        cursor += size;
      }
      sampleCount += count;
    }
  }
  if (trackId === 0 || baseDecodeTime === undefined || firstSample === undefined) {
    throw new RangeError('track fragment without id, time or samples');
  }
  return { trackId, baseDecodeTime, duration, sampleCount, startsWithKey, firstSample };
}

function parseTfhd(r: ByteReader) {
  const flags = r.u32() & 0xffffff;
  const trackId = r.u32();
  if (flags & TFHD_BASE_DATA_OFFSET || !(flags & TFHD_DEFAULT_BASE_IS_MOOF)) {
    throw new RangeError('tfhd: offsets must count from the moof');
  }
  if (flags & TFHD_SAMPLE_DESCRIPTION) r.skip(4);
  return {
    trackId,
    defaults: {
      duration: flags & TFHD_DEFAULT_DURATION ? r.u32() : 0,
      size: flags & TFHD_DEFAULT_SIZE ? r.u32() : 0,
      flags: flags & TFHD_DEFAULT_FLAGS ? r.u32() : 0,
    },
  };
}
