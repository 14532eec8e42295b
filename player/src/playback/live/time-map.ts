/** The media element's time axis and the programme's clock, epoch milliseconds, tied at one point. */
export interface TimeMap {
  mediaSeconds: number;
  epochMs: number;
}

export const epochAt = (map: TimeMap, mediaSeconds: number): number =>
  map.epochMs + (mediaSeconds - map.mediaSeconds) * 1000;

export const mediaAt = (map: TimeMap, epochMs: number): number =>
  map.mediaSeconds + (epochMs - map.epochMs) / 1000;

export interface Range {
  start: number;
  end: number;
}

/** How much can be played from here without a break; a hole up to `toleranceSeconds` is none. */
export function aheadOf(ranges: readonly Range[], at: number, toleranceSeconds = 0.1): number {
  let end = at;
  for (const range of ranges) {
    if (range.end <= end) continue;
    if (range.start > end + toleranceSeconds) break;
    end = range.end;
  }
  return end - at;
}

/** Where playback goes on behind a hole at the playhead; undefined when there is nothing behind it. */
export function behindHole(
  ranges: readonly Range[],
  at: number,
  toleranceSeconds = 0.1,
): number | undefined {
  if (aheadOf(ranges, at, toleranceSeconds) > toleranceSeconds) return undefined;
  return ranges.find((range) => range.start > at)?.start;
}

export function rangesOf(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }));
}
