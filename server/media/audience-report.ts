import { type Closable, type Logger, messageOf } from '#base';
import type { NodeClient } from '#platform';

/** As relays do it. */
const REPORT_EVERY_MS = 5_000;
const TIMEOUT_MS = 3_000;

/**
 * Tells the origin how many watch over WebRTC here, as a relay tells how many
 * watch through it. Whoever watches over WebRTC asks for no playlists, by which
 * relays count.
 */
export class AudienceReport implements Closable {
  readonly #timer: NodeJS.Timeout;
  /** Events that were last told to have viewers. */
  #told: ReadonlySet<string> = new Set();

  /** `count` gives the viewers by event; `nodeTag` tells this node from others. */
  constructor(options: {
    nodes: Pick<NodeClient, 'call'>;
    nodeTag: string;
    count: () => ReadonlyMap<string, number>;
    log: Logger;
  }) {
    const { nodes, nodeTag, count, log } = options;
    this.#timer = setInterval(() => {
      const counts = count();
      // Once more when the last one has gone.
      for (const eventId of new Set([...counts.keys(), ...this.#told])) {
        const query = `relay=${nodeTag}&viewers=${counts.get(eventId) ?? 0}`;
        nodes
          .call('origin', `/hls/${eventId}/status.json?${query}`, { timeoutMs: TIMEOUT_MS })
          .catch((error) => log.debug({ eventId, reason: messageOf(error) }, 'viewers not told'));
      }
      this.#told = new Set(counts.keys());
    }, REPORT_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }
}
