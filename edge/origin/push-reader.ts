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
const MAX_MOOF_BYTES = 1024 * 1024;
/** Sound and picture of a part lie no further apart than this. */
const MAX_SKEW_US = 10_000_000;

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
        if (bytes.length > MAX_MOOF_BYTES) throw new RangeError('moof too large');
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
    const count = (kind: string) => tracks.filter((track) => track.kind === kind).length;
    const wanted = this.#kind === 'video' ? { video: 1, audio: 1 } : { video: 0, audio: 1 };
    if (count('video') !== wanted.video || count('audio') > wanted.audio) {
      throw new RangeError('tracks of another kind');
    }
    if (new Set(tracks.map(({ trackId }) => trackId)).size < tracks.length) {
      throw new RangeError('two tracks with one id');
    }
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
    const of = (kind: string) => fragments.filter((f) => this.#trackOf(f).kind === kind);
    const [main, second] = of(this.#kind);
    if (main === undefined) throw new RangeError(`a part without ${this.#kind}`);
    const [audio, secondAudio] = of('audio');
    if (second !== undefined || secondAudio !== undefined) {
      throw new RangeError('two fragments of one track');
    }
    const bytes = new Uint8Array(moof.length + mdat.length);
    bytes.set(moof);
    bytes.set(mdat, moof.length);
    const { startUs, endUs } = this.#times(main);
    const sound = audio === undefined ? undefined : this.#times(audio);
    if (sound !== undefined && Math.abs(sound.startUs - startUs) > MAX_SKEW_US) {
      throw new RangeError('sound and picture of different times');
    }
    this.#sink.onPart({
      bytes,
      startUs,
      endUs,
      audioEndUs: this.#kind === 'audio' ? endUs : sound?.endUs,
      independent: main.startsWithKey,
      keyBytes: main.startsWithKey ? main.firstSample.offset + main.firstSample.size : 0,
    });
  }

  #trackOf({ trackId }: TrackFragmentInfo): InitTrackInfo {
    const track = this.#tracks?.find((known) => known.trackId === trackId);
    if (track === undefined) throw new RangeError(`track ${trackId} is not in the moov`);
    return track;
  }

  #times(fragment: TrackFragmentInfo): { startUs: number; endUs: number } {
    const { timescale } = this.#trackOf(fragment);
    const { baseDecodeTime, duration } = fragment;
    return {
      startUs: rescale(baseDecodeTime, timescale, 1_000_000),
      endUs: rescale(baseDecodeTime + duration, timescale, 1_000_000),
    };
  }
}
