/** A sender is asked at most this often, however many receivers want a key frame. */
const MIN_INTERVAL_MS = 300;
/** An unanswered request may have been lost. */
const RETRY_MS = 1_000;
/** After this long the sender will not answer; whoever still wants one asks again. */
const GIVE_UP_MS = 10_000;

/** Decides when to send the one PLI that answers many wishes. */
export class KeyFrameRequests {
  #wantedSince: number | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  sent = 0;
  readonly #answered: boolean;

  /** `answered`: false for a sender whose key frames come when they come. */
  constructor(answered = true) {
    this.#answered = answered;
  }

  want(nowMs: number): void {
    if (this.#answered) this.#wantedSince ??= nowMs;
  }

  /** One has arrived. */
  satisfied(): void {
    this.#wantedSince = undefined;
  }

  /** True when a request is to be sent now. */
  due(nowMs: number): boolean {
    if (this.#wantedSince === undefined) return false;
    if (nowMs - this.#wantedSince > GIVE_UP_MS) {
      this.#wantedSince = undefined;
      return false;
    }
    const first = this.#askedAt < this.#wantedSince;
    if (nowMs - this.#askedAt < (first ? MIN_INTERVAL_MS : RETRY_MS)) return false;
    this.#askedAt = nowMs;
    this.sent++;
    return true;
  }
}
