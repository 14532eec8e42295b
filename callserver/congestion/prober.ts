/** Long enough to see a rate in it, short enough not to fill a queue. */
const MIN_PROBE_MS = 20;
const MIN_PACKETS = 5;
/** Next to the estimate. */
const STEP = 2;
/** A probe that reached this share of its own rate may be followed by a larger one at once. */
const GO_ON = 0.7;
/** A receiver that got less than this share was held back: what it got is about the capacity. */
const SATURATED = 0.9;
const SATURATED_SHARE = 0.95;
/** Of a probe's packets, to judge by. */
const MIN_ARRIVED = 0.8;
/** Packets that arrive closer together than they were sent tell nothing beyond this. */
const MAX_SPEED_UP = 2;
/** Until the next try, longer after each that found nothing. */
const FIRST_INTERVAL_MS = 3_000;
const MAX_INTERVAL_MS = 8_000;
const INTERVAL_GROWTH = 1.5;
/** Until what a probe put into a queue has drained. */
const SHADOW_MS = 300;
/** After that the answer will not come: the feedback got lost. */
const TIMEOUT_MS = 1_000;
const RETRY_MS = 200;

/**
 * Finds out whether the path bears more than is being sent, by short bursts at
 * a higher rate. A forwarder cannot send more of a picture at will, so it is
 * padding and retransmissions that go beyond. One probe at a time.
 */
export class Prober {
  #cluster = 0;
  #running = false;
  #waiting = false;
  #rate = 0;
  #startMs = 0;
  #nextMs = 0;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #intervalMs = FIRST_INTERVAL_MS;
  #sentPackets = 0;
  #sentBytes = 0;
  #arrivedPackets = 0;
  #arrivedBytes = 0;
  #firstSentMs = 0;
  #lastSentMs = 0;
  #firstArrivalMs = 0;
  #lastArrivalMs = 0;
  #firstBytes = 0;
  #lastBytes = 0;
  /** When a probe last found the end of what the path bears. */
  saturatedMs = Number.NEGATIVE_INFINITY;
  /** Probes begun so far. */
  probes = 0;

  /** The cluster that packets belong to which go out now; 0 when there is no probe. */
  get cluster(): number {
    return this.#running ? this.#cluster : 0;
  }

  /** Not before then. */
  postpone(untilMs: number): void {
    this.#nextMs = Math.max(this.#nextMs, untilMs);
  }

  /** Begins a probe if one is due and the estimate is short of what is wanted (both bits per second). */
  begin(estimate: number, wanted: number, nowMs: number): void {
    if (this.#waiting && nowMs - this.#startMs > TIMEOUT_MS) {
      this.#end(nowMs + RETRY_MS);
    }
    if (this.#running || this.#waiting || estimate >= wanted || nowMs < this.#nextMs) return;
    this.#cluster = (this.#cluster % 0xff) + 1;
    this.#rate = Math.min(estimate * STEP, wanted);
    this.#running = true;
    this.#waiting = true;
    this.#startMs = nowMs;
    this.#sentPackets = 0;
    this.#sentBytes = 0;
    this.#arrivedPackets = 0;
    this.#arrivedBytes = 0;
    this.probes++;
  }

  /** True while the queue of the path may be of a probe's making. */
  isNear(nowMs: number): boolean {
    return this.#waiting || nowMs - this.#answeredMs < SHADOW_MS;
  }

  /** Bytes that are to go out by now for the rate of the probe; 0 when there is none. */
  dueBytes(nowMs: number): number {
    if (!this.#running) return 0;
    const elapsedMs = nowMs - this.#startMs;
    if (elapsedMs >= MIN_PROBE_MS && this.#sentPackets >= MIN_PACKETS) {
      this.#running = false;
      return 0;
    }
    // The first one starts the clock.
    if (this.#sentPackets === 0) return 1;
    return Math.max(0, (this.#rate * elapsedMs) / 8_000 - this.#sentBytes);
  }

  /** Nothing can be sent beyond the media: the probe ends without an answer. */
  abandon(nowMs: number): void {
    if (this.#running) this.#failed(nowMs);
  }

  /** A packet of the running probe has gone out. */
  sent(bytes: number, nowMs: number): void {
    if (this.#sentPackets === 0) this.#startMs = nowMs;
    this.#sentPackets++;
    this.#sentBytes += bytes;
  }

  /** A packet of a probe has arrived. */
  arrived(cluster: number, sentMs: number, arrivalMs: number, bytes: number): void {
    if (cluster !== this.#cluster || !this.#waiting) return;
    if (this.#arrivedPackets === 0 || sentMs < this.#firstSentMs) this.#firstSentMs = sentMs;
    if (this.#arrivedPackets === 0 || sentMs >= this.#lastSentMs) {
      this.#lastSentMs = sentMs;
      this.#lastBytes = bytes;
    }
    if (this.#arrivedPackets === 0 || arrivalMs < this.#firstArrivalMs) {
      this.#firstArrivalMs = arrivalMs;
      this.#firstBytes = bytes;
    }
    if (this.#arrivedPackets === 0 || arrivalMs > this.#lastArrivalMs) {
      this.#lastArrivalMs = arrivalMs;
    }
    this.#arrivedPackets++;
    this.#arrivedBytes += bytes;
  }

  /** After each feedback: what the probe has shown, in bits per second, once; else undefined. */
  result(nowMs: number): number | undefined {
    if (!this.#waiting || this.#running) return undefined;
    if (this.#arrivedPackets < this.#sentPackets * MIN_ARRIVED) return undefined;
    this.#waiting = false;
    this.#answeredMs = nowMs;
    const sentMs = this.#lastSentMs - this.#firstSentMs;
    const arrivalMs = this.#lastArrivalMs - this.#firstArrivalMs;
    const sendRate = ((this.#arrivedBytes - this.#lastBytes) * 8_000) / sentMs;
    const arrivalRate = ((this.#arrivedBytes - this.#firstBytes) * 8_000) / arrivalMs;
    if (sentMs <= 0 || arrivalMs <= 0 || arrivalRate > MAX_SPEED_UP * sendRate) {
      this.#failed(nowMs);
      return undefined;
    }
    const saturated = arrivalRate < SATURATED * sendRate;
    if (saturated) this.saturatedMs = nowMs;
    const shown = saturated ? SATURATED_SHARE * arrivalRate : Math.min(sendRate, arrivalRate);
    if (shown >= GO_ON * this.#rate) {
      this.#intervalMs = FIRST_INTERVAL_MS;
      this.#nextMs = nowMs;
    } else {
      this.#failed(nowMs);
    }
    return shown;
  }

  #end(nextMs: number): void {
    this.#running = false;
    this.#waiting = false;
    this.#nextMs = nextMs;
  }

  #failed(nowMs: number): void {
    this.#end(nowMs + this.#intervalMs);
    this.#intervalMs = Math.min(this.#intervalMs * INTERVAL_GROWTH, MAX_INTERVAL_MS);
  }
}
