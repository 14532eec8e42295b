import { copyBytes, type Micros, micros } from '#base';
import type { MediaConfig, MediaUnit } from '#contracts';
import {
  isWellFormed,
  parseAacConfig,
  parseAvcConfig,
  parseAvTag,
  withLongLengths,
} from '#protocol';
import type { Timeline } from './timeline.ts';

/** What comes out of one audio or video tag of an encoder. */
export type Demuxed =
  | { kind: 'unit'; unit: MediaUnit }
  | { kind: 'config'; config: MediaConfig }
  /** Malformed or out of order: thrown away. */
  | { kind: 'dropped' }
  | { kind: 'unsupported'; track: 'video' | 'audio'; codec: string }
  | { kind: 'nothing' };

const NOTHING: Demuxed = { kind: 'nothing' };
const DROPPED: Demuxed = { kind: 'dropped' };
const MAX_COMPOSITION_MS = 5_000;
const LENGTH_SIZE = 4;
/** Where an AVCDecoderConfigurationRecord says how long NAL lengths are, in the low two bits. */
const LENGTH_SIZE_AT = 4;

/**
 * Turns the tags of one source into access units on the epoch timeline. A
 * damaged tag is dropped; it never throws.
 */
export class Demuxer {
  readonly #timeline: Timeline;
  #video: MediaConfig | undefined;
  #audio: MediaConfig | undefined;
  #lengthSize = LENGTH_SIZE;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** A unit's payload is a view of the body; a configuration is a copy. */
  demux(type: number, timestampMs: number, body: Uint8Array, nowUs: Micros): Demuxed {
    try {
      return this.#demux(type, timestampMs, body, nowUs);
    } catch (error) {
      if (error instanceof RangeError) return DROPPED;
      throw error;
    }
  }

  #demux(type: number, timestampMs: number, body: Uint8Array, nowUs: Micros): Demuxed {
    const av = parseAvTag(type, body);
    switch (av.kind) {
      case 'other':
        return NOTHING;
      case 'unsupported':
        return av;
      case 'video-config': {
        this.#lengthSize = parseAvcConfig(av.config).lengthSize;
        const bytes = copyBytes(av.config);
        bytes[LENGTH_SIZE_AT] = (bytes[LENGTH_SIZE_AT] ?? 0) | (LENGTH_SIZE - 1);
        if (isSame(this.#video, bytes)) return NOTHING;
        this.#video = { track: 'video', codec: av.codec, bytes };
        return { kind: 'config', config: this.#video };
      }
      case 'audio-config': {
        parseAacConfig(av.config);
        if (isSame(this.#audio, av.config)) return NOTHING;
        this.#audio = { track: 'audio', codec: av.codec, bytes: copyBytes(av.config) };
        return { kind: 'config', config: this.#audio };
      }
      case 'video': {
        if (this.#video === undefined || !isWellFormed(av.payload, this.#lengthSize))
          return DROPPED;
        if (Math.abs(av.compositionMs) > MAX_COMPOSITION_MS) return DROPPED;
        const { codec, key } = av;
        const dts = this.#timeline.map('video', timestampMs, nowUs);
        const pts = micros(dts + av.compositionMs * 1000);
        const payload =
          this.#lengthSize === LENGTH_SIZE
            ? av.payload
            : withLongLengths(av.payload, this.#lengthSize);
        return { kind: 'unit', unit: { track: 'video', codec, pts, dts, key, payload } };
      }
      case 'audio': {
        if (this.#audio === undefined) return DROPPED;
        const { codec, payload } = av;
        const pts = this.#timeline.map('audio', timestampMs, nowUs);
        return {
          kind: 'unit',
          unit: { track: 'audio', codec, pts, dts: pts, key: true, payload },
        };
      }
    }
  }
}

/** Encoders like to repeat themselves: that is no change. */
const isSame = (config: MediaConfig | undefined, bytes: Uint8Array): boolean =>
  config !== undefined && Buffer.compare(config.bytes, bytes) === 0;
