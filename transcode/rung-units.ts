import { framesPerSecond } from '#config';
import { type FlvTag, lengthPrefixed, nalUnits, parseAvcConfig, parseAvTag } from '#protocol';
import type { VideoJobRung } from './command.ts';

/** One encoded picture of a rung. */
export interface RungUnit {
  key: boolean;
  /** In microseconds after the feed's base. */
  us: number;
  /** NAL units with 4-byte lengths, parameter sets in front of a key frame. */
  payload: Uint8Array;
}

/**
 * What the encoder makes of one rung as access units that stand by themselves:
 * whoever begins at a key frame needs nothing from before. Pure.
 */
export class RungUnits {
  readonly #rung: VideoJobRung;
  #parameterSets: Uint8Array[] = [];

  constructor(rung: VideoJobRung) {
    this.#rung = rung;
  }

  /** Undefined for a tag that is no picture. A payload may be a view of the tag. Throws `RangeError` for a malformed one. */
  unit(tag: FlvTag): RungUnit | undefined {
    const av = parseAvTag(tag.type, tag.body);
    if (av.kind === 'video-config') {
      const { spsUnits, ppsUnits } = parseAvcConfig(av.config);
      this.#parameterSets = [...spsUnits, ...ppsUnits].map((unit) => unit.slice());
    }
    if (av.kind !== 'video') return undefined;
    const { key, payload } = av;
    return {
      key,
      us: this.#time(tag.timestampMs + av.compositionMs),
      payload: key ? lengthPrefixed([...this.#parameterSets, ...nalUnits(payload)]) : payload,
    };
  }

  /** FLV knows milliseconds; the encoder's frames lie on the rung's own grid. */
  #time(ms: number): number {
    const fps = framesPerSecond(this.#rung.fps);
    return (Math.round((ms * fps) / 1000) * 1e6) / fps;
  }
}
