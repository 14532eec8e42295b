/** Who watches at this edge. Everything in here is bounded: who comes too late is not counted. */

const MAX_EVENTS = 5_000;
const MAX_VIEWERS = 500_000;
/** A player asks for a playlist at least this often. */
const ANONYMOUS_MS = 10_000;

interface Audience {
  /** Players that give themselves a name, with the client that each runs on. */
  named: Map<string, { untilMs: number; client: number }>;
  /** Clients that ask for playlists, named players among them. */
  clients: Map<number, number>;
}

/** Tells clients apart: a number for an address and the software that asks from it. */
export function clientOf(address: string, agent: string | undefined): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (const text of [address, ' ', agent ?? '']) {
    for (let i = 0; i < text.length; i++) {
      low = Math.imul(low ^ text.charCodeAt(i), 0x01000193) >>> 0;
      high = Math.imul(high ^ text.charCodeAt(i), 0x85ebca6b) >>> 0;
    }
  }
  return (high & 0x1fffff) * 2 ** 32 + low;
}

export class ViewerCounter {
  readonly #events = new Map<string, Audience>();
  #size = 0;

  /** A player with a name of its own is there until then, unless it comes again. */
  named(eventId: string, viewer: string, client: number, untilMs: number): void {
    const named = this.#audience(eventId)?.named;
    if (named === undefined) return;
    const known = named.get(viewer);
    if (known !== undefined) {
      known.untilMs = untilMs;
      known.client = client;
    } else if (this.#size < MAX_VIEWERS) {
      named.set(viewer, { untilMs, client });
      this.#size++;
    }
  }

  /** A client has asked for a playlist. */
  playing(eventId: string, client: number, nowMs: number): void {
    const clients = this.#audience(eventId)?.clients;
    if (clients === undefined) return;
    if (!clients.has(client)) {
      if (this.#size >= MAX_VIEWERS) return;
      this.#size++;
    }
    clients.set(client, nowMs + ANONYMOUS_MS);
  }

  /** Viewers of each event now. An event is in it with 0 once, when its last viewer has gone. */
  counts(nowMs: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [eventId, { named, clients }] of this.#events) {
      const withName = new Set<number>();
      for (const [viewer, { untilMs, client }] of named) {
        if (untilMs < nowMs) {
          named.delete(viewer);
          this.#size--;
        } else {
          withName.add(client);
        }
      }
      let anonymous = 0;
      for (const [client, untilMs] of clients) {
        if (untilMs < nowMs) {
          clients.delete(client);
          this.#size--;
        } else if (!withName.has(client)) {
          // A named player's own playlist requests are not another viewer.
          anonymous++;
        }
      }
      counts.set(eventId, named.size + anonymous);
      if (named.size + clients.size === 0) this.#events.delete(eventId);
    }
    return counts;
  }

  #audience(eventId: string): Audience | undefined {
    let audience = this.#events.get(eventId);
    if (audience === undefined && this.#events.size < MAX_EVENTS) {
      audience = { named: new Map(), clients: new Map() };
      this.#events.set(eventId, audience);
    }
    return audience;
  }
}
