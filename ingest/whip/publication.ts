import { AmphiError, type Logger, systemClock } from '#base';
import {
  PUBLICATION_UNIT,
  type PublicationCodec,
  type PublicationOpening,
  type PublicationUnit,
  readPublicationUnit,
} from '#contracts';
import { TAG_AUDIO, TAG_VIDEO } from '#protocol';
import type { PublisherSink } from '../rtmp/session.ts';
import { FrameRateGuess } from './frame-rate.ts';
import { H264Track } from './h264-track.ts';
import { MediaClock } from './media-clock.ts';
import { TranscodedTrack } from './transcoded-track.ts';

/** Times of a publisher begin here, so that an encoder's priming lies in front of none. */
const FIRST_MS = 10_000;
/** Units that wait for their clock to be known: one and a half seconds of a fast stream. */
const MAX_WAITING = 600;

export interface PublicationOptions {
  opening: PublicationOpening;
  sink: PublisherSink;
  log: Logger;
}

interface Waiting {
  unit: PublicationUnit;
  arrivedUs: number;
}

/**
 * A WebRTC publisher's access units on their way into its source, in the form
 * in which an RTMP encoder's come: H.264 as it is, VP8, VP9 and Opus transcoded,
 * all on one clock of milliseconds.
 */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #clocks = { video: new MediaClock(), audio: new MediaClock() };
  readonly #frameRate = new FrameRateGuess();
  readonly #h264 = new H264Track();
  readonly #transcoded = new Map<PublicationCodec, TranscodedTrack>();
  #waiting: Waiting[] = [];
  #named = false;
  /** Time since the epoch, in microseconds, that is `FIRST_MS` of the publisher's. */
  #startUs: number | undefined;
  #ended = false;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** Takes a frame. Throws `protocol_violation` or `RangeError` for what makes no sense. */
  take(kind: number, payload: Uint8Array): void {
    if (kind !== PUBLICATION_UNIT)
      throw new AmphiError('protocol_violation', 'an unexpected frame');
    this.push(readPublicationUnit(payload));
  }

  /** Takes a unit; its payload is copied as far as it is kept. */
  push(unit: PublicationUnit): void {
    if (this.#ended) return;
    const arrivedUs = systemClock.nowUs();
    const us = this.#timeOf(unit, arrivedUs);
    if (us === undefined) {
      if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
      this.#waiting.push({ unit: { ...unit, payload: unit.payload.slice() }, arrivedUs });
      return;
    }
    if (this.#waiting.length > 0) this.#release(kindOf(unit.codec));
    this.#pass(unit, us);
  }

  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const track of this.#transcoded.values()) track.close();
    this.#waiting = [];
    this.#options.sink.onEnd(reason);
  }

  #timeOf(unit: PublicationUnit, nowUs: number): number | undefined {
    return this.#clocks[kindOf(unit.codec)].map(unit.mediaUs, unit.capturedUs, nowUs);
  }

  /** What of this kind waited has its place now. */
  #release(kind: 'video' | 'audio'): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const held of waiting) {
      if (kindOf(held.unit.codec) !== kind) {
        this.#waiting.push(held);
        continue;
      }
      const us = this.#timeOf(held.unit, held.arrivedUs);
      if (us !== undefined) this.#pass(held.unit, us);
    }
  }

  #pass(unit: PublicationUnit, us: number): void {
    this.#startUs ??= us;
    const timeMs = Math.max(0, Math.round((us - this.#startUs) / 1000) + FIRST_MS);
    this.#describe(unit, us);
    if (unit.codec !== 'H264') {
      this.#track(unit.codec).push(timeMs, unit);
      return;
    }
    for (const body of this.#h264.tags(unit)) this.#options.sink.onMedia(TAG_VIDEO, timeMs, body);
  }

  #track(codec: Exclude<PublicationCodec, 'H264'>): TranscodedTrack {
    let track = this.#transcoded.get(codec);
    if (track === undefined) {
      const { sink, log } = this.#options;
      track = new TranscodedTrack({
        codec,
        log,
        onTag: (type, timeMs, body) => {
          if (type === TAG_AUDIO || type === TAG_VIDEO) sink.onMedia(type, timeMs, body);
        },
      });
      this.#transcoded.set(codec, track);
    }
    return track;
  }

  /** Says what it is, and its frame rate as soon as that can be told. */
  #describe({ codec }: PublicationUnit, us: number): void {
    const { sink, opening } = this.#options;
    if (!this.#named) {
      this.#named = true;
      sink.onMetadata({ encoder: opening.encoder ?? 'WebRTC' });
    }
    const framerate = kindOf(codec) === 'video' ? this.#frameRate.push(us) : undefined;
    if (framerate !== undefined) sink.onMetadata({ framerate });
  }
}

const kindOf = (codec: PublicationCodec): 'video' | 'audio' =>
  codec === 'opus' ? 'audio' : 'video';
