import type { Closable } from '#base';
import type { Exchange } from '../http/exchange.ts';
import type { LeanConnection } from '../http/lean/connection.ts';
import type { Fields } from '../http/lean/fields.ts';
import { clientOf, ViewerCounter } from './counter.ts';
import { ViewerSum } from './sum.ts';

/** A named viewer is there while it waits for news, and this long after each. */
const NAMED_WAIT_MS = 20_000;
const NAMED_LEFT_MS = 6_000;
/** A connection that keeps asking is noted no more often than this. */
const TOUCH_EVERY_MS = 2_000;
/** How often a relay tells its parent how many watch through it. */
const REPORT_EVERY_MS = 5_000;

/** What a connection is remembered by. */
interface Note {
  fields: Fields;
  client: number;
  eventId: string;
  touchedMs: number;
}

/** Those who watch through this relay, and through the relays behind it. */
export class Audience implements Closable {
  readonly #counter = new ViewerCounter();
  readonly #reports = new ViewerSum();
  readonly #timer: NodeJS.Timeout;
  #viewers = 0;

  /** `tell` says to the parent how many watch an event, also that nobody does any more. */
  constructor(tell: (eventId: string, viewers: number) => void) {
    this.#timer = setInterval(() => {
      this.#viewers = 0;
      for (const [eventId, viewers] of this.#count()) {
        this.#viewers += viewers;
        tell(eventId, viewers);
      }
    }, REPORT_EVERY_MS);
    this.#timer.unref();
  }

  /** Viewers of all events, as last counted. */
  get viewers(): number {
    return this.#viewers;
  }

  /** A player that names itself waits for news. */
  waits(eventId: string, viewer: string, exchange: Exchange): void {
    const client = clientOf(exchange.address, exchange.header('user-agent'));
    const stays = (ms: number) =>
      this.#counter.named(eventId, viewer, client, performance.now() + ms);
    stays(NAMED_WAIT_MS);
    exchange.onClose(() => stays(NAMED_LEFT_MS));
  }

  /** Somebody asks for a playlist. */
  plays(eventId: string, exchange: Exchange, nowMs: number): void {
    const client = clientOf(exchange.address, exchange.header('user-agent'));
    this.#counter.playing(eventId, client, nowMs);
  }

  /** The same, ten times a second on one connection. */
  playsOn(connection: LeanConnection, fields: Fields, eventId: string, nowMs: number): void {
    let note = connection.note as Note | undefined;
    if (note?.fields !== fields) {
      const client = clientOf(connection.addressOf(fields), fields.get('user-agent'));
      note = { fields, client, eventId, touchedMs: Number.NEGATIVE_INFINITY };
      connection.note = note;
    }
    if (note.eventId === eventId && nowMs - note.touchedMs < TOUCH_EVERY_MS) return;
    note.eventId = eventId;
    note.touchedMs = nowMs;
    this.#counter.playing(eventId, note.client, nowMs);
  }

  /** A relay behind this one says how many watch through it. */
  reported(eventId: string, relayId: string, viewers: number): void {
    this.#reports.report(eventId, relayId, viewers);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  #count(): Map<string, number> {
    const counts = this.#counter.counts(performance.now());
    for (const [eventId, viewers] of this.#reports.sums()) {
      counts.set(eventId, (counts.get(eventId) ?? 0) + viewers);
    }
    return counts;
  }
}
