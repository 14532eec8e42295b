/**
 * Units of time. Amphi keeps one picture of time: microseconds since the Unix
 * epoch, carried by every media sample from the moment it enters.
 */

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Microseconds; as a point in time, since the Unix epoch. Exact as a double until the year 2255. */
export type Micros = Unit<'µs'>;
/** Milliseconds; as a point in time, since the Unix epoch. */
export type Millis = Unit<'ms'>;

export const micros = (n: number): Micros => n as Micros;
export const millis = (n: number): Millis => n as Millis;

export const microsOfMillis = (ms: number): Micros => Math.round(ms * 1000) as Micros;
export const millisOfMicros = (us: number): Millis => (us / 1000) as Millis;
export const microsOfSeconds = (s: number): Micros => Math.round(s * 1_000_000) as Micros;
export const secondsOfMicros = (us: number): number => us / 1_000_000;

/**
 * Rescales a timestamp between clock rates, rounded to the nearest tick. The
 * division is split so that a 90 kHz epoch timestamp stays exact in a double.
 */
export function rescale(value: number, fromRate: number, toRate: number): number {
  const whole = Math.floor(value / fromRate);
  const rest = value - whole * fromRate;
  return whole * toRate + Math.round((rest * toRate) / fromRate);
}

/** Where "now" comes from. Code that measures or schedules takes one, so that tests can drive it. */
export interface Clock {
  /** Wall-clock time since the Unix epoch. May be stepped by the operating system. */
  nowUs(): Micros;
  /** Monotonic time since an arbitrary point; only differences mean anything. */
  monotonicMs(): Millis;
}

const startWallMs = Date.now();
const startMonotonicMs = performance.now();

/**
 * The process clock. `nowUs` follows the wall clock as it was at start-up plus
 * monotonic time, so that an NTP step mid-broadcast cannot tear a timeline.
 */
export const systemClock: Clock = {
  nowUs: () => Math.round((startWallMs + performance.now() - startMonotonicMs) * 1000) as Micros,
  monotonicMs: () => performance.now() as Millis,
};
