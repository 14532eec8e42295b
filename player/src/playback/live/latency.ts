import type { LatencyProfile } from './profile.ts';

/**
 * Keeps a viewer a fixed, small distance behind the programme's clock. Pure:
 * it is told what is measured and when, and answers how fast to play.
 *
 * Why the distance that is needed can be measured without trusting any clock:
 * a part of length P that ends at programme time E can be played at E + d
 * (encoding, publishing, network, appending). A viewer at latency L has played
 * up to E + d - L when it arrives, and the part before it reached to E - P; so
 * L - P - d is what is left in the buffer at the worst moment. L and d are
 * read from the same clock, so an error of that clock cancels out.
 */

export interface LatencyInput {
  /** Monotonic. */
  nowMs: number;
  /** Programme clock minus programme time of what is on the screen. */
  latencyMs: number;
  /** Playable without a break from the playhead on. */
  bufferMs: number;
  /** The picture should move and does. */
  playing: boolean;
}

export interface LatencyAdvice {
  rate: number;
  targetMs: number;
  /** Jump forward by so much, inside the buffer, instead of creeping. */
  jumpMs: number;
}

/** Arrivals are remembered for so long. */
const ARRIVAL_WINDOW_MS = 30_000;
const MAX_ARRIVALS = 256;
/** The share of arrivals that the margin has to cover by itself; rarer ones cost a stall and raise the penalty. */
const ARRIVAL_QUANTILE = 0.97;
/** Until there are some, parts of the usual length that come promptly are assumed. */
const ASSUMED_NEED_MS = 450;

/** A stall costs this much distance, which is given back after a while, slowly. */
const STALL_PENALTY_MS = 200;
/** A longer one costs its length, up to this: what takes seconds is not cured by distance. */
const MAX_STALL_PENALTY_MS = 800;
const MAX_PENALTY_MS = 3_000;
const NEAR_STALL_PENALTY_MS = 50;
const NEAR_STALL_EVERY_MS = 3_000;
const NEAR_STALL_MS = 50;
const PENALTY_HOLD_MS = 20_000;
/** Who stalls again and again keeps the distance longer each time: times six, up to this. */
const MAX_PENALTY_HOLD_MS = 15 * 60_000;
/** Stalls closer together have one cause. */
const ONE_TROUBLE_MS = 10_000;
/** Without a stall for so long, all is forgotten. */
const FORGET_STALLS_MS = 30 * 60_000;
const PENALTY_DECAY_PER_MS = 0.01;

/** A new target counts at once upwards; downwards it is approached at this pace, or in this time where it is far off. */
const TARGET_FALL_PER_MS = 0.02;
const TARGET_FALL_IN_MS = 25_000;

/** An error is worked off in about this time, within the bounds of the rate. */
const HORIZON_MS = 3_000;
const BEGIN_ABOVE_MS = 45;
const END_BELOW_MS = 12;
/** Errors above this are jumped over; just after (re)joining already much smaller ones. */
const JUMP_ABOVE_MS = 1_500;
const JOIN_JUMP_ABOVE_MS = 150;
const JOIN_WINDOW_MS = 1_500;
const JUMP_PAUSE_MS = 2_000;

export class LatencyController {
  #profile: LatencyProfile;
  #arrivals: { atMs: number; needMs: number }[] = [];
  #penaltyMs = 0;
  #penaltyAtMs = Number.NEGATIVE_INFINITY;
  #penaltyHoldMs = PENALTY_HOLD_MS;
  #stalledAtMs = Number.NEGATIVE_INFINITY;
  #nearStallAtMs = Number.NEGATIVE_INFINITY;
  #targetMs: number;
  #lastMs: number | undefined;
  #correcting = false;
  #joinedAtMs: number | undefined;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;

  constructor(profile: LatencyProfile) {
    this.#profile = profile;
    this.#targetMs = assumedTargetMs(profile);
  }

  get targetMs(): number {
    return this.#targetMs;
  }

  set profile(profile: LatencyProfile) {
    if (profile === this.#profile) return;
    this.#profile = profile;
    this.#targetMs = assumedTargetMs(profile);
  }

  /** The viewer (re)joins the live edge: small errors may be jumped over for a moment. */
  join(): void {
    this.#joinedAtMs = undefined;
    this.#correcting = false;
  }

  /** A part of `partMs` became playable `lateMs` after its end on the programme's clock. */
  arrival(nowMs: number, partMs: number, lateMs: number): void {
    this.#arrivals.push({ atMs: nowMs, needMs: partMs + lateMs });
    const oldest = nowMs - ARRIVAL_WINDOW_MS;
    while (this.#arrivals.length > MAX_ARRIVALS || (this.#arrivals[0]?.atMs ?? nowMs) < oldest) {
      this.#arrivals.shift();
    }
  }

  /** Arrivals say nothing more: another network, another clock, another stream. */
  forgetArrivals(): void {
    this.#arrivals = [];
  }

  /** The picture stood still for want of data. */
  stalled(nowMs: number): void {
    const sinceMs = nowMs - this.#stalledAtMs;
    if (sinceMs > FORGET_STALLS_MS) this.#penaltyHoldMs = PENALTY_HOLD_MS;
    else if (sinceMs > ONE_TROUBLE_MS) {
      this.#penaltyHoldMs = Math.min(MAX_PENALTY_HOLD_MS, this.#penaltyHoldMs * 6);
    }
    this.#stalledAtMs = nowMs;
    this.#penalise(nowMs, STALL_PENALTY_MS);
  }

  /** It moves again: so much distance was missing, and is kept from now on. */
  resumed(nowMs: number, stalledMs: number): void {
    this.#penalise(nowMs, Math.min(stalledMs, MAX_STALL_PENALTY_MS) - STALL_PENALTY_MS);
  }

  /** Call about ten times a second while the viewer follows the live edge. */
  advise(input: LatencyInput): LatencyAdvice {
    const { nowMs, latencyMs, bufferMs, playing } = input;
    const elapsedMs = Math.max(0, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    if (playing) this.#watchBuffer(nowMs, bufferMs);
    this.#decay(nowMs, elapsedMs);
    this.#moveTarget(elapsedMs);
    const targetMs = this.#targetMs;
    if (!playing) return { rate: 1, targetMs, jumpMs: 0 };
    this.#joinedAtMs ??= nowMs;
    const errorMs = latencyMs - targetMs;
    const jumpMs = this.#jump(nowMs, errorMs, bufferMs);
    return { rate: jumpMs > 0 ? 1 : this.#rate(errorMs, bufferMs), targetMs, jumpMs };
  }

  #watchBuffer(nowMs: number, bufferMs: number): void {
    if (bufferMs >= NEAR_STALL_MS || nowMs - this.#nearStallAtMs < NEAR_STALL_EVERY_MS) return;
    this.#nearStallAtMs = nowMs;
    this.#penalise(nowMs, NEAR_STALL_PENALTY_MS);
  }

  #penalise(nowMs: number, ms: number): void {
    this.#penaltyMs = Math.min(MAX_PENALTY_MS, this.#penaltyMs + Math.max(0, ms));
    this.#penaltyAtMs = nowMs;
  }

  #decay(nowMs: number, elapsedMs: number): void {
    if (nowMs - this.#penaltyAtMs < this.#penaltyHoldMs) return;
    this.#penaltyMs = Math.max(0, this.#penaltyMs - elapsedMs * PENALTY_DECAY_PER_MS);
  }

  #moveTarget(elapsedMs: number): void {
    const { floorMs, ceilingMs, marginMs } = this.#profile;
    const wanted = Math.min(
      ceilingMs,
      Math.max(floorMs, this.#needMs() + marginMs) + this.#penaltyMs,
    );
    const pace = Math.max(TARGET_FALL_PER_MS, (this.#targetMs - wanted) / TARGET_FALL_IN_MS);
    this.#targetMs = Math.max(wanted, this.#targetMs - elapsedMs * pace);
  }

  /** Part length plus delay that nearly all arrivals stay within. */
  #needMs(): number {
    if (this.#arrivals.length < 4) {
      return Math.max(ASSUMED_NEED_MS, ...this.#arrivals.map((arrival) => arrival.needMs));
    }
    const sorted = this.#arrivals.map((arrival) => arrival.needMs).sort((a, b) => a - b);
    const at = Math.min(sorted.length - 1, Math.floor(sorted.length * ARRIVAL_QUANTILE));
    return sorted[at] ?? ASSUMED_NEED_MS;
  }

  #jump(nowMs: number, errorMs: number, bufferMs: number): number {
    const joining = nowMs - (this.#joinedAtMs ?? nowMs) < JOIN_WINDOW_MS;
    const threshold = joining ? JOIN_JUMP_ABOVE_MS : JUMP_ABOVE_MS;
    if (errorMs < threshold || nowMs - this.#jumpedAtMs < JUMP_PAUSE_MS) return 0;
    // What is left after the jump has to last until the next part.
    const roomMs = bufferMs - this.#profile.marginMs;
    const jumpMs = Math.min(errorMs, roomMs);
    if (jumpMs < JOIN_JUMP_ABOVE_MS) return 0;
    this.#jumpedAtMs = nowMs;
    this.#correcting = false;
    return jumpMs;
  }

  #rate(errorMs: number, bufferMs: number): number {
    const { catchUp, fallBack, marginMs } = this.#profile;
    const size = Math.abs(errorMs);
    if (size < END_BELOW_MS) this.#correcting = false;
    else if (size > BEGIN_ABOVE_MS) this.#correcting = true;
    if (!this.#correcting) return 1;
    // Catching up eats the buffer: not while it holds less than the next part may take to come.
    if (errorMs > 0 && bufferMs < marginMs) return 1;
    const wanted = Math.max(-fallBack, Math.min(catchUp, errorMs / HORIZON_MS));
    return 1 + Math.round(wanted * 100) / 100;
  }
}

/** Where to begin, before anything is measured. */
const assumedTargetMs = ({ floorMs, marginMs }: LatencyProfile): number =>
  Math.max(floorMs, ASSUMED_NEED_MS + marginMs);
