import type { Request } from 'express';
import type { Config } from '#config';
import type { EventLive, EventStatus, EventView, LiveState } from '#contracts';
import { addresses } from './addresses.ts';
import { linksFor } from './links.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository, EventRow } from './repository.ts';
import { warningsOf } from './warnings.ts';

/** Puts together what the API shows of an event: its row, its live state, what the origin holds. */
export class EventViews {
  readonly #config: Config;
  readonly #events: EventRepository;
  readonly #live: LiveReader;

  constructor(deps: { config: Config; events: EventRepository; live: LiveReader }) {
    this.#config = deps.config;
    this.#events = deps.events;
    this.#live = deps.live;
  }

  async view(event: EventRow, req: Request): Promise<EventView> {
    const { eventId, title, visibility, latency, ladder, dvrSeconds, record } = event;
    const [sources, now] = await Promise.all([this.#events.sources(eventId), this.now(event)]);
    const { at: _, sources: health, ...moving } = now;
    const links = linksFor(this.#config, req);
    return {
      eventId,
      title,
      visibility,
      latency,
      dvrSeconds,
      record,
      ...moving,
      createdAt: event.createdAt.getTime(),
      watchUrl: links.watch(eventId),
      studioUrl: links.studio(eventId),
      sources: sources.map(({ sourceId, name, kind }) => {
        const measured = health.find((source) => source.sourceId === sourceId);
        return {
          sourceId,
          name,
          kind,
          ...addresses(kind, eventId, sourceId, links),
          ...(measured === undefined ? {} : { health: measured }),
        };
      }),
      ...(ladder === null ? {} : { ladder }),
    };
  }

  /** What moves of an event; `known` is its live state where that was just announced. */
  async now(event: EventRow, known?: LiveState): Promise<EventLive> {
    const { eventId } = event;
    const state = known ?? (await this.#live.live(eventId));
    // Nobody asks the origin about an event that no ingest node holds: there may be thousands.
    const [origin, raised] =
      state === undefined
        ? [undefined, []]
        : await Promise.all([this.#live.origin(eventId), this.#live.warnings(eventId)]);
    const at = Date.now();
    return {
      at,
      status: await this.#status(event, state),
      open: !event.closed,
      viewers: origin?.viewers ?? 0,
      renditions: origin?.renditions ?? [],
      sources: state?.sources ?? [],
      warnings: state === undefined ? [] : [...warningsOf(state, origin, at), ...raised],
      ...(state?.startedAt === undefined ? {} : { started: state.startedAt }),
      ...(state?.onAir === undefined ? {} : { onAir: state.onAir }),
    };
  }

  async #status(event: EventRow, state: LiveState | undefined): Promise<EventStatus> {
    if (event.closed) return 'ended';
    if (state !== undefined) return state.status;
    const last = await this.#events.lastRun(event.eventId);
    // An open event whose host ended it before has been opened again.
    return last === undefined || last.endReason === 'host' ? 'idle' : 'ended';
  }
}
