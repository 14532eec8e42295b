import { AmphiError, copyBytes, rescale } from '#base';
import {
  BoxCutter,
  type InitTrackInfo,
  parseMoof,
  parseMoov,
  type TopLevelBox,
  type TrackFragmentInfo,
} from '#protocol';
import type { IncomingPart } from './rendition-store.ts';

/** Reads one push: an initialization segment, then parts. Pure but for its callbacks. */

const MAX_BOX_BYTES = 32 * 1024 * 1024;
const MAX_INIT_BYTES = 64 * 1024;

export interface PushReaderSink {
  onInit(init: Uint8Array): void;
  onPart(part: IncomingPart): void;
}

export class PushReader {
  readonly #cutter: BoxCutter;
  readonly #kind: 'video' | 'audio';
  readonly #sink: PushReaderSink;
  #ftyp: Uint8Array | undefined;
  #tracks: InitTrackInfo[] | undefined;
  #moof: Uint8Array | undefined;

  constructor(kind: 'video' | 'audio', sink: PushReaderSink) {
    this.#kind = kind;
    this.#sink = sink;
    this.#cutter = new BoxCutter(MAX_BOX_BYTES, (box) => this.#box(box));
  }

  /** True when the bytes end between two parts. */
  get atBoundary(): boolean {
    return this.#cutter.pending === 0 && this.#moof === undefined;
  }

  /** Throws `bad_media` when the bytes are not what a push may hold; the reader is then spent. */
  push(chunk: Uint8Array): void {
    try {
      this.#cutter.push(chunk);
    } catch (cause) {
      if (cause instanceof RangeError) {
        throw new AmphiError('bad_media', { detail: `malformed push: ${cause.message}`, cause });
      }
      throw cause;
    }
  }

  #box({ type, bytes }: TopLevelBox): void {
    switch (type) {
      case 'ftyp':
        if (bytes.length > MAX_INIT_BYTES) throw new RangeError('ftyp too large');
        this.#ftyp = copyBytes(bytes);
        return;
      case 'moov':
        this.#moov(bytes);
        return;
      case 'moof':
        if (this.#tracks === undefined) throw new RangeError('moof before moov');
        if (this.#moof !== undefined) throw new RangeError('moof without mdat');
        this.#moof = bytes;
        return;
      case 'mdat':
        this.#mdat(bytes);
        return;
      case 'styp':
      case 'prft':
      case 'free':
        return;
      default:
        throw new RangeError(`a box of type "${type.replace(/[^\x20-\x7e]/g, '?')}"`);
    }
  }

  #moov(bytes: Uint8Array): void {
    if (this.#ftyp === undefined) throw new RangeError('moov before ftyp');
    if (bytes.length > MAX_INIT_BYTES) throw new RangeError('moov too large');
    const tracks = parseMoov(bytes);
    const hasVideo = tracks.some((track) => track.kind === 'video');
    if (hasVideo !== (this.#kind === 'video')) throw new RangeError('tracks of another kind');
    this.#tracks = tracks;
    const init = new Uint8Array(this.#ftyp.length + bytes.length);
    init.set(this.#ftyp);
    init.set(bytes, this.#ftyp.length);
    this.#sink.onInit(init);
  }

  #mdat(mdat: Uint8Array): void {
    const moof = this.#moof;
    if (moof === undefined) throw new RangeError('mdat without moof');
    this.#moof = undefined;
    const fragments = parseMoof(moof, mdat.length);
    const main = fragments.find((f) => this.#kindOf(f) === this.#kind);
    if (main === undefined) throw new RangeError(`a part without ${this.#kind}`);
    const audio = fragments.find((f) => this.#kindOf(f) === 'audio');
    const bytes = new Uint8Array(moof.length + mdat.length);
    bytes.set(moof);
    bytes.set(mdat, moof.length);
    const { startUs, endUs } = this.#times(main);
    this.#sink.onPart({
      bytes,
      startUs,
      endUs,
      audioEndUs: audio === undefined ? endUs : this.#times(audio).endUs,
      independent: main.startsWithKey,
      keyBytes: main.startsWithKey ? main.firstSample.offset + main.firstSample.size : 0,
    });
  }

  #kindOf(fragment: TrackFragmentInfo): 'video' | 'audio' {
    const track = this.#tracks?.find(({ trackId }) => trackId === fragment.trackId);
    if (track === undefined) throw new RangeError(`track ${fragment.trackId} is not in the moov`);
    return track.kind;
  }

  #times(fragment: TrackFragmentInfo): { startUs: number; endUs: number } {
    const track = this.#tracks?.find(({ trackId }) => trackId === fragment.trackId);
    const timescale = track?.timescale ?? 1;
    const { baseDecodeTime, duration } = fragment;
    return {
      startUs: rescale(baseDecodeTime, timescale, 1_000_000),
      endUs: rescale(baseDecodeTime + duration, timescale, 1_000_000),
    };
  }
}
