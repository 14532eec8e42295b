const FRAMES = 8;
/** Rates that cameras and screens have; what is slower is a 30 fps camera in the dark. */
const RATES = [24, 25, 30, 50, 60] as const;
const USUAL_FPS = 30;
const SLOWEST_FPS = 22.5;

/**
 * What frame rate a browser's camera has. Its first frames are uneven, and
 * nothing in WebRTC says it: the median distance of the first few decides.
 */
export class FrameRateGuess {
  #times: number[] = [];

  /** Takes the time of the next frame in microseconds; returns the rate once, with the last that is needed. */
  push(us: number): number | undefined {
    if (this.#times.length > FRAMES) return undefined;
    this.#times.push(us);
    if (this.#times.length <= FRAMES) return undefined;
    const steps = this.#times.slice(1).map((time, i) => time - (this.#times[i] ?? time));
    steps.sort((a, b) => a - b);
    const fps = 1e6 / Math.max(1, steps[steps.length >> 1] ?? 1);
    if (fps < SLOWEST_FPS) return USUAL_FPS;
    return RATES.reduce((best, rate) =>
      Math.abs(rate - fps) < Math.abs(best - fps) ? rate : best,
    );
  }
}
