import type { Play } from '#contracts';

/** How an event's latency setting trades delay against safety. */
export interface LatencyProfile {
  /**
   * Never less behind the programme's clock, in milliseconds, however promptly
   * all comes. Nothing where what arrivals need is all that counts: that clock
   * runs ahead of the camera when the encoder was slow to begin.
   */
  readonly floorMs: number;
  /** Never more, whatever is measured and however often it stalls. */
  readonly ceilingMs: number;
  /** What must still be buffered when the next part arrives. */
  readonly marginMs: number;
  /** Largest deviations of the playback rate while catching up and while falling back. */
  readonly catchUp: number;
  readonly fallBack: number;
}

export const PROFILES: Readonly<Record<Play['latency'], LatencyProfile>> = {
  ultra: {
    floorMs: 0,
    ceilingMs: 4_000,
    marginMs: 110,
    catchUp: 0.08,
    fallBack: 0.06,
  },
  low: {
    floorMs: 0,
    ceilingMs: 6_000,
    marginMs: 170,
    catchUp: 0.08,
    fallBack: 0.05,
  },
  standard: {
    floorMs: 3_500,
    ceilingMs: 12_000,
    marginMs: 1_500,
    catchUp: 0.05,
    fallBack: 0.04,
  },
};
