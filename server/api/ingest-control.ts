import { isAmphiError } from '#base';
import { EVENT_CHANGED_CHANNEL, type IngestCommand } from '#contracts';
import type { NodeClient, Redis } from '#platform';
import type { EventRepository } from './repository.ts';

/** Tells those who hold an event what was changed about it here. */
export class IngestControl {
  readonly #events: EventRepository;
  readonly #nodes: NodeClient;
  readonly #redis: Redis;

  constructor(deps: { events: EventRepository; nodes: NodeClient; redis: Redis }) {
    this.#events = deps.events;
    this.#nodes = deps.nodes;
    this.#redis = deps.redis;
  }

  /** A command to the ingest node that holds the event; false when nobody holds it. */
  async command(eventId: string, body: IngestCommand): Promise<boolean> {
    try {
      await this.#nodes.call('ingest', `/control/${eventId}`, {
        body,
        elsewhere: 'not_live',
      });
      return true;
    } catch (error) {
      if (isAmphiError(error, 'not_live')) return false;
      throw error;
    }
  }

  /** The event's settings or sources are others now. Without an ingest node there is nobody to mind. */
  async announce(eventId: string): Promise<void> {
    const event = await this.#events.spec(await this.#events.event(eventId));
    await this.#whereSomebodyIs(this.command(eventId, { type: 'update', event }));
    await this.changed(eventId);
  }

  async end(eventId: string): Promise<void> {
    await this.#whereSomebodyIs(this.command(eventId, { type: 'end' }));
    await this.changed(eventId);
  }

  async reopen(eventId: string): Promise<void> {
    await this.#whereSomebodyIs(this.command(eventId, { type: 'reopen' }));
    await this.announce(eventId);
  }

  /** Ends the session of a source whose key is worthless now. */
  async dropSource(eventId: string, sourceId: string): Promise<void> {
    await this.#whereSomebodyIs(this.command(eventId, { type: 'drop-source', sourceId }));
  }

  /** Tells the studios that have the event open. */
  async changed(eventId: string): Promise<void> {
    await this.#redis.publish(EVENT_CHANGED_CHANNEL, eventId).catch(() => {});
  }

  async #whereSomebodyIs(command: Promise<boolean>): Promise<void> {
    await command.catch((error) => {
      if (!isAmphiError(error, 'unavailable')) throw error;
    });
  }
}
