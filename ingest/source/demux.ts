import { copyBytes, type Micros, micros } from '#base';
import type { MediaConfig, MediaUnit } from '#contracts';
import { isWellFormed, parseAacConfig, parseAvcConfig, parseAvTag } from '#protocol';
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

/**
 * Turns the tags of one source into access units on the epoch timeline. A
 * damaged tag is dropped; it never throws.
 */
export class Demuxer {
  readonly #timeline: Timeline;
  #videoConfigured = false;
  #audioConfigured = false;
  #lengthSize = 4;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** The payload of the result is a copy that belongs to the receiver. */
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
        const { lengthSize } = parseAvcConfig(av.config);
        if (lengthSize !== 4) throw new RangeError('NAL length size other than 4');
        this.#lengthSize = lengthSize;
        this.#videoConfigured = true;
        return {
          kind: 'config',
          config: { track: 'video', codec: av.codec, bytes: copyBytes(av.config) },
        };
      }
      case 'audio-config':
        parseAacConfig(av.config);
        this.#audioConfigured = true;
        return {
          kind: 'config',
          config: { track: 'audio', codec: av.codec, bytes: copyBytes(av.config) },
        };
      case 'video': {
        if (!this.#videoConfigured || !isWellFormed(av.payload, this.#lengthSize)) return DROPPED;
        if (Math.abs(av.compositionMs) > MAX_COMPOSITION_MS) return DROPPED;
        const dts = this.#timeline.map('video', timestampMs, nowUs);
        const pts = micros(dts + av.compositionMs * 1000);
        const { codec, key } = av;
        return {
          kind: 'unit',
          unit: { track: 'video', codec, pts, dts, key, payload: copyBytes(av.payload) },
        };
      }
      case 'audio': {
        if (!this.#audioConfigured) return DROPPED;
        const pts = this.#timeline.map('audio', timestampMs, nowUs);
        return {
          kind: 'unit',
          unit: {
            track: 'audio',
            codec: av.codec,
            pts,
            dts: pts,
            key: true,
            payload: copyBytes(av.payload),
          },
        };
      }
    }
  }
}
