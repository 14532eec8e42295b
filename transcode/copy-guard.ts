import { copyBytes } from '#base';
import type { CutGrid } from '#contracts';
import { type FlvTag, parseAvTag, TAG_VIDEO } from '#protocol';
import { PartGrid } from './cmaf/grid.ts';

/** A source that sends nothing for so long cannot be passed through without a hole. */
const MAX_STEP_US = 500_000;

/**
 * Watches whether a source may still be passed through as it is: one decoder
 * configuration, no B-frames, time going forward, and a key frame exactly where
 * each segment begins. Pure.
 */
export class CopyGuard {
  readonly #grid: PartGrid;
  readonly #partsPerSegment: number;
  readonly #baseUs: number;
  #config: Uint8Array | undefined;
  #lastUs: number | undefined;
  #broken: string | undefined;

  constructor(options: { grid: CutGrid; baseUs: number; frameUs: number }) {
    this.#grid = new PartGrid(options.grid, options.frameUs / 4);
    this.#partsPerSegment = options.grid.partsPerSegment;
    this.#baseUs = options.baseUs;
  }

  /** Looks at the next tag of the feed. Returns why the source may no longer be copied, or undefined. */
  check(tag: FlvTag): string | undefined {
    if (tag.type === TAG_VIDEO) this.#broken ??= this.#fault(tag);
    return this.#broken;
  }

  #fault(tag: FlvTag): string | undefined {
    const av = parseAvTag(tag.type, tag.body);
    if (av.kind === 'video-config') {
      if (this.#config !== undefined && Buffer.compare(this.#config, av.config) !== 0) {
        return 'the picture has changed its form';
      }
      this.#config = copyBytes(av.config);
      return undefined;
    }
    if (av.kind !== 'video') return undefined;
    if (av.compositionMs !== 0) return 'the source has B-frames';
    const us = this.#baseUs + tag.timestampMs * 1000;
    const lastUs = this.#lastUs;
    this.#lastUs = us;
    if (lastUs === undefined) return undefined;
    if (us <= lastUs || us - lastUs > MAX_STEP_US) return 'the source is uneven';
    const segmentOf = (t: number) => Math.floor(this.#grid.partOf(t) / this.#partsPerSegment);
    const begins = segmentOf(us) !== segmentOf(lastUs);
    if (begins && !av.key) return 'key frames are not where segments begin';
    if (!begins && av.key) return 'key frames come inside segments';
    return undefined;
  }
}
