/** A relay that has not reported for so long has no viewers any more. */
const REPORT_TTL_MS = 25_000;
const MAX_RELAYS = 1_000;
const MAX_EVENTS = 5_000;

/** What relays report of their viewers, event by event. */
export class ViewerSum {
  readonly #events = new Map<string, Map<string, { viewers: number; untilMs: number }>>();

  report(eventId: string, relayId: string, viewers: number): void {
    let relays = this.#events.get(eventId);
    if (relays === undefined) {
      if (this.#events.size >= MAX_EVENTS) return;
      relays = new Map();
      this.#events.set(eventId, relays);
    }
    if (!relays.has(relayId) && relays.size >= MAX_RELAYS) return;
    relays.set(relayId, { viewers, untilMs: performance.now() + REPORT_TTL_MS });
  }

  /** The sums now; an event is in it once more after its last relay has fallen silent. */
  sums(): Map<string, number> {
    const nowMs = performance.now();
    const sums = new Map<string, number>();
    for (const [eventId, relays] of this.#events) {
      let sum = 0;
      for (const [relayId, { viewers, untilMs }] of relays) {
        if (untilMs < nowMs) relays.delete(relayId);
        else sum += viewers;
      }
      sums.set(eventId, sum);
      if (relays.size === 0) this.#events.delete(eventId);
    }
    return sums;
  }
}
