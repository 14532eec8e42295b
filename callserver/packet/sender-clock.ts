import { wrapDistance } from '#base';
import { microsOfNtp, type NtpTime } from '#protocol';

const TIMESTAMP_BITS = 32;

/**
 * Relates the wall clock of one peer to ours. All streams of a peer share it,
 * so that sound and picture keep their distance. The first report fixes the
 * relation: a later correction would tear a timeline that receivers rely on.
 */
export class PeerClock {
  #offsetUs: number | undefined;

  /** `offsetUs` is how far ours is ahead, where that is known beforehand. */
  constructor(offsetUs?: number) {
    this.#offsetUs = offsetUs;
  }

  /** Our time for a point in time of the peer's. */
  toOurs(ntp: NtpTime, nowUs: number): number {
    const theirs = microsOfNtp(ntp);
    this.#offsetUs ??= nowUs - theirs;
    return theirs + this.#offsetUs;
  }
}

/** What RTP timestamp a stream has at a point of our time, from its sender reports (RFC 3550 6.4.1). */
export class StreamClock {
  readonly clockRate: number;
  #atUs: number | undefined;
  #timestamp = 0;
  #reported = false;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  /** From a sender report; exact. */
  get reported(): boolean {
    return this.#reported;
  }

  report(timestamp: number, atUs: number): void {
    this.#reported = true;
    this.#timestamp = timestamp;
    this.#atUs = atUs;
  }

  /** Until the first report comes, arrival has to do. */
  arrived(timestamp: number, nowUs: number): void {
    if (this.#reported || this.#atUs !== undefined) return;
    this.#timestamp = timestamp;
    this.#atUs = nowUs;
  }

  /** Undefined before anything is known. */
  timestampAt(us: number): number | undefined {
    if (this.#atUs === undefined) return undefined;
    const ticks = Math.round(((us - this.#atUs) / 1e6) * this.clockRate);
    return (this.#timestamp + ticks) >>> 0;
  }

  /** How far `other` is ahead at one and the same time, in ticks; undefined before both are known. */
  aheadOf(other: StreamClock, us: number): number | undefined {
    const mine = this.timestampAt(us);
    const theirs = other.timestampAt(us);
    if (mine === undefined || theirs === undefined) return undefined;
    return wrapDistance(mine, theirs, TIMESTAMP_BITS);
  }
}
