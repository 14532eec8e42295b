import type { PathUse } from './overuse-detector.ts';

/** Section 5.5: beta and eta, the latter for one second. */
const DECREASE = 0.85;
const INCREASE_PER_SECOND = 1.08;
/**
 * By itself an estimate does not run further ahead of what arrives: a forwarder
 * sends no more because it may, so it would learn nothing. Probes go beyond.
 */
const MAX_GROWTH_AHEAD = 1.2;
/** Overuse that holds nothing back takes the estimate down to this, at first. */
const MAX_AHEAD = 1.5;
const AHEAD_ALLOWANCE_BPS = 10_000;
/** Near the capacity known, by about one packet in a response time. */
const PACKET_BITS = 1_200 * 8;
const RESPONSE_MS = 100;
const MIN_ADDITIVE_BPS = 4_000;
/** Of the averages of where overuse began. */
const CAPACITY_WEIGHT = 0.05;
const MIN_DEVIATION = 0.4;
const MAX_DEVIATION = 2.5;
const MIN_BACK_OFF_MS = 10;
const MAX_BACK_OFF_MS = 200;

export interface RateControlInput {
  use: PathUse;
  /** What arrives, bits per second; undefined before it is known. */
  acknowledged: number | undefined;
  /**
   * True when the path holds back what is sent. Else the delay grew although all
   * of a small flow got through: what arrives says nothing about the capacity.
   */
  squeezed: boolean;
  /** True when nothing but growth can find out what the path bears. */
  unprobed: boolean;
  rttMs: number;
}

/**
 * The delay-based controller's rate (draft-ietf-rmcat-gcc-02, section 5.5):
 * multiplicative increase, additive where the capacity is about known,
 * multiplicative decrease on overuse. Bits per second.
 */
export class RateControl {
  readonly #min: number;
  readonly #max: number;
  #rate: number;
  #increasing = false;
  #changedMs = Number.NEGATIVE_INFINITY;
  #decreasedMs = Number.NEGATIVE_INFINITY;
  #capacity: number | undefined;
  #deviation = MIN_DEVIATION;

  constructor(start: number, min: number, max: number) {
    this.#rate = start;
    this.#min = min;
    this.#max = max;
  }

  get rate(): number {
    return this.#rate;
  }

  /** When the path last was overused and held back what was sent. */
  get decreasedMs(): number {
    return this.#decreasedMs;
  }

  /** A probe has shown what the path bears. */
  set(rate: number, nowMs: number): void {
    this.#rate = this.#clamp(rate);
    this.#changedMs = nowMs;
  }

  update(input: RateControlInput, nowMs: number): void {
    switch (input.use) {
      case 'overuse':
        this.#increasing = false;
        this.#decrease(input, nowMs);
        break;
      case 'underuse':
        // Queues are running empty: wait, to see what is left then.
        this.#increasing = false;
        break;
      case 'normal':
        if (this.#increasing) this.#increase(input, nowMs);
        else this.#changedMs = nowMs;
        this.#increasing = true;
        break;
    }
  }

  #increase({ acknowledged, unprobed, rttMs }: RateControlInput, nowMs: number): void {
    const seconds = Math.min(1, (nowMs - this.#changedMs) / 1_000);
    this.#changedMs = nowMs;
    if (acknowledged !== undefined && this.#capacity !== undefined) {
      // Beyond what it ever was: the path has changed.
      if (acknowledged > this.#capacity + 3 * this.#capacityDeviation()) this.#capacity = undefined;
    }
    const limit =
      acknowledged === undefined || unprobed
        ? this.#max
        : MAX_GROWTH_AHEAD * acknowledged + AHEAD_ALLOWANCE_BPS;
    if (this.#rate >= limit) return;
    const raised =
      this.#capacity === undefined
        ? this.#rate * INCREASE_PER_SECOND ** seconds
        : this.#rate + additivePerSecond(rttMs) * seconds;
    this.#rate = this.#clamp(Math.min(raised, limit));
  }

  #decrease({ acknowledged, squeezed, rttMs }: RateControlInput, nowMs: number): void {
    const backOff = Math.max(MIN_BACK_OFF_MS, Math.min(rttMs, MAX_BACK_OFF_MS));
    const steep = acknowledged !== undefined && squeezed && acknowledged < this.#rate / 2;
    if (!steep && nowMs - this.#changedMs < backOff) return;
    if (acknowledged === undefined) {
      this.#rate = this.#clamp(this.#rate / 2);
    } else {
      const base = squeezed
        ? acknowledged
        : Math.min(this.#rate, MAX_AHEAD * acknowledged + AHEAD_ALLOWANCE_BPS);
      if (squeezed) {
        this.#learnCapacity(acknowledged);
        this.#decreasedMs = nowMs;
      }
      // What arrives is borne: even many alarms in a row do not go below.
      const least = Math.min(this.#rate, acknowledged * DECREASE);
      this.#rate = this.#clamp(Math.max(least, Math.min(this.#rate, base * DECREASE)));
    }
    this.#changedMs = nowMs;
  }

  #learnCapacity(acknowledged: number): void {
    const known = this.#capacity;
    if (known === undefined || acknowledged < known - 3 * this.#capacityDeviation()) {
      this.#capacity = acknowledged;
      this.#deviation = MIN_DEVIATION;
      return;
    }
    const error = acknowledged - known;
    this.#capacity = known + CAPACITY_WEIGHT * error;
    const variance = (error * error) / Math.max(known, 1) / 1_000;
    const deviation = (1 - CAPACITY_WEIGHT) * this.#deviation + CAPACITY_WEIGHT * variance;
    this.#deviation = Math.max(MIN_DEVIATION, Math.min(deviation, MAX_DEVIATION));
  }

  /** The variance is kept relative to the capacity, in kbit/s. */
  #capacityDeviation(): number {
    return Math.sqrt(this.#deviation * ((this.#capacity ?? 0) / 1_000)) * 1_000;
  }

  #clamp(rate: number): number {
    return Math.max(this.#min, Math.min(rate, this.#max));
  }
}

const additivePerSecond = (rttMs: number): number =>
  Math.max(MIN_ADDITIVE_BPS, PACKET_BITS / ((rttMs + RESPONSE_MS) / 1_000));
