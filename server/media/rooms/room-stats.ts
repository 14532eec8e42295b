import type { TransportSummary } from '#callserver';
import type { SessionSummary } from '#contracts';

interface Totals {
  packets: number;
  lost: number;
  octets: number;
  atMs: number;
}

/** Makes summaries of what has happened since the last ones out of totals. */
export class RoomStats {
  readonly #before = new Map<string, Totals>();

  /** Of one session. `sending`: from the client to the server. */
  summary(now: TransportSummary, sending: boolean, nowMs: number): SessionSummary {
    const { transportId, incoming, outgoing } = now;
    const totals = {
      packets: incoming.packets,
      lost: incoming.lost,
      octets: outgoing.octets,
      atMs: nowMs,
    };
    const before = this.#before.get(transportId);
    this.#before.set(transportId, totals);
    const since = (name: 'packets' | 'lost' | 'octets') =>
      // A total falls when a producer or a consumer goes.
      Math.max(0, totals[name] - (before?.[name] ?? 0));
    if (sending) {
      const [packets, lost] = [since('packets'), since('lost')];
      return {
        sessionId: transportId,
        bitsPerSecond: Math.round(incoming.bitsPerSecond),
        fractionLost: packets + lost === 0 ? 0 : lost / (packets + lost),
        rttMs: incoming.rttMs,
        estimate: null,
        wanted: 0,
        queueMs: 0,
      };
    }
    const elapsedMs = before === undefined ? 0 : nowMs - before.atMs;
    return {
      sessionId: transportId,
      bitsPerSecond: elapsedMs === 0 ? 0 : Math.round((since('octets') * 8_000) / elapsedMs),
      fractionLost: outgoing.fractionLost,
      rttMs: outgoing.rttMs,
      estimate: outgoing.estimate,
      wanted: outgoing.wanted,
      queueMs: outgoing.queueMs,
    };
  }

  forget(sessionId: string): void {
    this.#before.delete(sessionId);
  }
}
