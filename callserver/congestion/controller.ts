import { Unwrapper } from '#base';
import {
  FEEDBACK_TICK_US,
  FeedbackCursor,
  REFERENCE_BITS,
  TICKS_PER_REFERENCE,
  type TransportFeedback,
} from '#protocol';
import { PACKET_OVERHEAD } from '../packet/slot.ts';
import { AcknowledgedRate } from './acknowledged-rate.ts';
import { LossControl } from './loss-control.ts';
import { OveruseDetector, type PathUse } from './overuse-detector.ts';
import { PacketGroups } from './packet-groups.ts';
import { Prober } from './prober.ts';
import { QueueDelay } from './queue-delay.ts';
import { RateControl } from './rate-control.ts';
import { SendHistory } from './send-history.ts';
import { Trendline } from './trendline.ts';

/** Bits per second. */
const START_BPS = 500_000;
const MIN_BPS = 30_000;
const MAX_BPS = 50_000_000;
const MS_PER_TICK = FEEDBACK_TICK_US / 1_000;
/** A queue of this length that still grows is overuse, whatever the trend. */
const LONG_QUEUE_MS = 100;
/** One shorter than this is what busy machines and radio do to arrival times. */
const SHORT_QUEUE_MS = 15;
const SHRINKING_MS = 5;
const CALM_QUEUE_MS = 40;
const CALM_LOSS = 0.1;
const ACKNOWLEDGED_MS = 500;
/** Shorter where a queue is full: then what arrives is the capacity, evenly, for as long as it is. */
const SQUEEZED_MS = 250;
const BUSY_MS = 125;
const SQUEEZED_SHARE = 0.92;
const FIRST_RTT_MS = 100;
const RTT_WEIGHT = 0.125;
/** A receiver that has agreed to feedback and gives none. */
const DEAF_MS = 5_000;
/** Feedback that stops: the path may be dead or its queue very long. */
const STARVED_MS = 1_000;
/** The estimate is wanted this much above the media, for bursts and what comes up next. */
const HEADROOM = 1.5;
const AFTER_DECREASE_MS = 2_500;
/**
 * How much faster than the estimate bursts may go out: little after the path has
 * shown where it ends, because a key frame would fill its queue.
 */
const PACING_DRAINING = 1;
const PACING_CAREFUL = 1.05;
const PACING_FREE = 2.5;
const PACING_GIVEN = 1.2;
const DRAINING_MS = 600;
const CAREFUL_MS = 15_000;

/**
 * Sender-side congestion control of one transport (draft-ietf-rmcat-gcc-02): told
 * of every packet that goes out and of the receiver's transport-wide feedback, it
 * says how many bits per second the path bears.
 */
export class CongestionController {
  readonly history = new SendHistory();
  readonly prober = new Prober();
  readonly #cursor = new FeedbackCursor();
  readonly #reference = new Unwrapper(REFERENCE_BITS);
  readonly #groups = new PacketGroups();
  readonly #trendline = new Trendline();
  readonly #detector = new OveruseDetector();
  readonly #queue = new QueueDelay();
  readonly #acknowledged = new AcknowledgedRate();
  readonly #rate = new RateControl(START_BPS, MIN_BPS, MAX_BPS);
  readonly #loss = new LossControl(START_BPS, MIN_BPS, MAX_BPS);
  #use: PathUse = 'normal';
  #lastQueueMs = 0;
  #firstSentMs = Number.NaN;
  #lastFeedbackMs = Number.NaN;
  #canProbe = false;
  #remb: number | undefined;
  #transportWide = false;
  rttMs = FIRST_RTT_MS;

  /** The receiver has agreed to transport-wide feedback. */
  enable(): void {
    this.#transportWide = true;
  }

  /** Bits per second that the path bears, headers included; undefined when nobody tells. */
  estimate(nowMs: number): number | undefined {
    if (!this.#listening(nowMs)) return this.#remb;
    return Math.min(this.#rate.rate, this.#loss.rate);
  }

  /** The parts of the estimate, for statistics. */
  get delayBased(): number {
    return this.#rate.rate;
  }

  get lossBased(): number {
    return this.#loss.rate;
  }

  get fractionLost(): number {
    return this.#loss.fractionLost;
  }

  get acknowledged(): number {
    return this.#acknowledged.bitsPerSecond(ACKNOWLEDGED_MS) ?? 0;
  }

  /** How long packets wait on the path, by the last feedback. */
  get queueMs(): number {
    return this.#queue.ms;
  }

  /** What a receiver that gives no transport-wide feedback believes in (draft-alvestrand-rmcat-remb). */
  onRemb(bitsPerSecond: number): void {
    this.#remb = bitsPerSecond;
  }

  /** The rate at which the pacer lets bursts out of what takes `given` bits per second on average. */
  pacingRate(given: number, nowMs: number): number {
    const estimate = this.estimate(nowMs);
    if (estimate === undefined) return Number.POSITIVE_INFINITY;
    // Where the path is calm, media that is let through is not held back either.
    const least = this.calm ? given * PACING_GIVEN : 0;
    return Math.max(least, this.#burstRate(estimate, nowMs));
  }

  #burstRate(estimate: number, nowMs: number): number {
    if (nowMs - this.#rate.decreasedMs < DRAINING_MS) return estimate * PACING_DRAINING;
    const endSeenMs = Math.max(this.#rate.decreasedMs, this.prober.saturatedMs);
    return estimate * (nowMs - endSeenMs < CAREFUL_MS ? PACING_CAREFUL : PACING_FREE);
  }

  /** A packet has gone out under the next transport-wide number. */
  sent(bytes: number, nowMs: number): void {
    if (Number.isNaN(this.#firstSentMs)) this.#firstSentMs = nowMs;
    const size = bytes + PACKET_OVERHEAD;
    const { cluster } = this.prober;
    this.history.record(size, nowMs, cluster);
    if (cluster !== 0) this.prober.sent(size, nowMs);
  }

  onFeedback(feedback: TransportFeedback, nowMs: number): void {
    if (!this.#transportWide) return;
    this.#lastFeedbackMs = nowMs;
    const { history } = this;
    const base = history.unwrap(feedback.baseSequence);
    const start = this.#reference.unwrap(feedback.reference) * TICKS_PER_REFERENCE;
    const cursor = this.#cursor.begin(feedback);
    let arrived = 0;
    let lost = 0;
    let newest = -1;
    while (cursor.next()) {
      const at = history.find(base + cursor.index);
      if (at < 0) continue;
      if (!cursor.received) {
        if (history.lost(at)) lost++;
      } else if (history.arrived(at)) {
        arrived++;
        newest = at;
        this.#onArrival(at, (start + cursor.tick) * MS_PER_TICK);
      }
    }
    if (newest >= 0) {
      const rttMs = nowMs - history.sentMs(newest);
      this.rttMs += (rttMs - this.rttMs) * RTT_WEIGHT;
    }
    if (arrived + lost > 0) this.#judge(arrived, lost, nowMs);
  }

  #onArrival(at: number, arrivalMs: number): void {
    const { history } = this;
    const sentMs = history.sentMs(at);
    const bytes = history.bytes(at);
    const cluster = history.cluster(at);
    this.#acknowledged.add(sentMs, arrivalMs, bytes);
    this.#queue.add(sentMs, arrivalMs);
    if (cluster !== 0) this.prober.arrived(cluster, sentMs, arrivalMs, bytes);
    if (!this.#groups.add(sentMs, arrivalMs)) return;
    const { sentDeltaMs, arrivalDeltaMs } = this.#groups;
    this.#trendline.add(sentDeltaMs, arrivalDeltaMs, arrivalMs);
    this.#detector.detect(this.#trendline.offset, sentDeltaMs, arrivalMs);
  }

  #judge(arrived: number, lost: number, nowMs: number): void {
    const use = this.#pathUse(nowMs);
    this.#use = use;
    const squeezed = this.#acknowledged.passedThrough(SQUEEZED_MS) < SQUEEZED_SHARE;
    const acknowledged = this.#arrivalRate(use === 'overuse' && squeezed);
    const before = this.#rate.rate;
    const { rttMs } = this;
    this.#rate.update({ use, acknowledged, squeezed, unprobed: !this.#canProbe, rttMs }, nowMs);
    if (this.#rate.rate < before) this.prober.postpone(nowMs + AFTER_DECREASE_MS);
    this.#loss.update(arrived, lost, this.#rate.rate, nowMs);
    const shown = this.prober.result(nowMs);
    if (shown !== undefined && use !== 'overuse') {
      // One that was held back has measured the capacity, also where that is less than was thought.
      const lower = this.prober.saturatedMs === nowMs && shown > (acknowledged ?? 0);
      if (shown > this.#rate.rate || lower) this.#rate.set(shown, nowMs);
      if (shown > this.#loss.rate) this.#loss.set(shown);
    }
  }

  #arrivalRate(queueFull: boolean): number | undefined {
    if (!queueFull) return this.#acknowledged.bitsPerSecond(ACKNOWLEDGED_MS);
    const long = this.#acknowledged.bitsPerSecond(SQUEEZED_MS);
    const short = this.#acknowledged.bitsPerSecond(BUSY_MS);
    return long === undefined || short === undefined ? long : Math.max(long, short);
  }

  /**
   * What the detector says, seen with the queue itself. It needs some hundred
   * milliseconds to see a trend, and as many to see its end: where the rate is a
   * multiple of what a path suddenly bears, the queue is long before; and a queue
   * that is hardly there, that shrinks already, or that a probe of ours made, is
   * no reason to do more.
   */
  #pathUse(nowMs: number): PathUse {
    const { ms } = this.#queue;
    const before = this.#lastQueueMs;
    this.#lastQueueMs = ms;
    if (ms > LONG_QUEUE_MS && ms > before) return 'overuse';
    const { use } = this.#detector;
    if (use !== 'overuse') return use;
    const harmless = ms < SHORT_QUEUE_MS || ms < before - SHRINKING_MS;
    return harmless || this.prober.isNear(nowMs) ? 'underuse' : 'overuse';
  }

  /** True when the queue of the path is long. */
  get full(): boolean {
    return this.#queue.ms > LONG_QUEUE_MS;
  }

  /** True when nothing shows that the path cannot bear what is being sent. */
  get calm(): boolean {
    return this.#queue.ms < CALM_QUEUE_MS && this.fractionLost < CALM_LOSS;
  }

  #listening(nowMs: number): boolean {
    if (!this.#transportWide) return false;
    return !Number.isNaN(this.#lastFeedbackMs) || !(nowMs - this.#firstSentMs > DEAF_MS);
  }

  /**
   * To be called every 100 ms or so. `wanted` is what the receiver could use, bits
   * per second; `canProbe` whether there is something to probe with.
   */
  tick(wanted: number, canProbe: boolean, nowMs: number): void {
    this.#canProbe = canProbe;
    if (!this.#listening(nowMs)) return;
    const starved = nowMs - this.#lastFeedbackMs > STARVED_MS && this.history.bytesUnderWay > 0;
    if (starved) {
      this.#lastFeedbackMs = nowMs;
      this.#rate.set(this.#rate.rate / 2, nowMs);
    } else if (canProbe && this.#use !== 'overuse' && this.#queue.ms < LONG_QUEUE_MS) {
      this.prober.begin(this.estimate(nowMs) ?? MAX_BPS, wanted * HEADROOM, nowMs);
    }
  }
}
