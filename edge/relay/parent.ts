import type { ClientRequest } from 'node:http';

/** One parent of a relay: whether it answers, and what it is being asked. */

/** A request that is unanswered for so long makes the relay look whether the parent lives. */
const SUSPICIOUS_MS = 2_000;

export class Parent {
  readonly base: string;
  /** It was found not to answer, and is asked again only when it has been heard of. */
  isDown = false;
  /** Unanswered requests with the time when they were sent. */
  readonly #waiting = new Map<ClientRequest, number>();
  /** Monotonic time of the last sign of life. */
  heardAtMs = Number.NEGATIVE_INFINITY;
  /** Somebody is looking whether it lives. */
  isProbed = false;

  constructor(base: string) {
    this.base = base;
  }

  asked(request: ClientRequest, nowMs: number): void {
    this.#waiting.set(request, nowMs);
  }

  /** The request has an answer, or will get none. */
  settled(request: ClientRequest): void {
    this.#waiting.delete(request);
  }

  heard(nowMs: number): void {
    this.heardAtMs = nowMs;
    this.isDown = false;
  }

  isSuspicious(nowMs: number): boolean {
    if (this.isDown) return true;
    if (nowMs - this.heardAtMs < SUSPICIOUS_MS) return false;
    // In the order in which they were sent.
    for (const sinceMs of this.#waiting.values()) return nowMs - sinceMs > SUSPICIOUS_MS;
    return false;
  }

  /** Gives up on everything that it was asked and has not answered. */
  abandon(reason: Error): void {
    for (const request of this.#waiting.keys()) request.destroy(reason);
    this.#waiting.clear();
  }
}
