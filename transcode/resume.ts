import type { JobRung } from '#contracts';
import { AAC_FRAME_SAMPLES } from '#protocol';
import { AUDIO_RATE } from './cmaf/cutter.ts';

/** Where a rung's output continues, in microseconds since the epoch; undefined to begin. */
export interface Resume {
  videoUs: number | undefined;
  audioUs: number | undefined;
}

/** The encoder's own delay is warmed up on sound that is there already. */
export const AUDIO_WARM_UP_US = (2 * AAC_FRAME_SAMPLES * 1e6) / AUDIO_RATE;

/** A frame of the source's sound and the one before it, which its decoder overlaps with it. */
const SOUND_LEAD_US = 100_000;

/**
 * From when on a run needs the feed to continue all of these rungs, in
 * microseconds since the epoch; undefined when one of them is to begin. The
 * sound of a part ends before its picture, and is warmed up besides: it may be
 * needed from before the key frame that the picture continues with.
 */
export function feedNeededFromUs(
  rungs: readonly Pick<JobRung, 'kind' | 'name'>[],
  positions: ReadonlyMap<string, Resume>,
): number | undefined {
  let fromUs: number | undefined;
  for (const { kind, name } of rungs) {
    const { videoUs, audioUs } = positions.get(name) ?? {};
    const mainUs = kind === 'video' ? videoUs : audioUs;
    if (mainUs === undefined) return undefined;
    const soundUs = (audioUs ?? mainUs) - AUDIO_WARM_UP_US - SOUND_LEAD_US;
    fromUs = Math.min(fromUs ?? mainUs, mainUs, soundUs);
  }
  return fromUs;
}
