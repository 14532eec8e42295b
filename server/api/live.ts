import type { Config } from '#config';
import { eventLiveSchema, type PublicEvent, publicListSchema } from '#contracts';
import type { Gate } from './auth.ts';
import { type Links, linksFor } from './links.ts';
import type { LiveReader } from './live-reader.ts';
import type { LiveStreams } from './live-streams.ts';
import type { EventRepository } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

const TAG = 'Live';
const MAX_PUBLIC = 60;
/** Anybody may ask for the list, as often as they like: one answer serves all for so long. */
const LIST_REUSE_MS = 2_000;

type Listed = Omit<PublicEvent, 'watchUrl' | 'poster'>;

/** What is going on now: for anybody what is public, for the studio everything of one event. */
export function liveRoutes(deps: {
  config: Config;
  events: EventRepository;
  live: LiveReader;
  streams: LiveStreams;
  gate: Gate;
}): Route[] {
  const { config, events, live } = deps;

  const onAir = async (): Promise<Listed[]> => {
    const rows = await events.publicOnAir(MAX_PUBLIC);
    const states = await live.liveOf(rows.map(({ eventId }) => eventId));
    const listed = rows.map(async ({ eventId, title }, i): Promise<Listed[]> => {
      const state = states[i];
      // A run whose node died is open in the books and nowhere else.
      if (state?.status !== 'live' && state?.status !== 'interrupted') return [];
      const origin = await live.origin(eventId);
      return [
        {
          eventId,
          title,
          status: state.status,
          viewers: origin?.viewers ?? 0,
          ...(state.startedAt === undefined ? {} : { started: state.startedAt }),
        },
      ];
    });
    return (await Promise.all(listed)).flat();
  };
  const shared = reuse(onAir, LIST_REUSE_MS);

  return [
    route({
      method: 'get',
      path: '/api/live',
      summary: 'Lists the public events that are on air, newest first',
      tag: TAG,
      access: 'public',
      answers: { status: 200, schema: publicListSchema, description: 'What there is to watch' },
      handle: async ({ req }) => {
        const links = linksFor(config, req);
        return { items: (await shared()).map((event) => ({ ...event, ...linked(event, links) })) };
      },
    }),
    route({
      method: 'get',
      path: '/api/events/{eventId}/live',
      summary: 'Streams what moves of an event as server-sent events',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      answers: {
        status: 200,
        schema: eventLiveSchema,
        type: 'text/event-stream',
        description:
          'Messages of type `live` with this data, at least every two seconds; a message of type `changed` when the rest of the event is to be read again. The stream ends with the session.',
      },
      handle: async ({ params, req, res }) => {
        await deps.streams.open(params.eventId, res, await deps.gate.session(req));
      },
    }),
  ];
}

const linked = ({ eventId }: Listed, links: Links) => ({
  watchUrl: links.watch(eventId),
  poster: `${links.hls(eventId)}/poster.jpg`,
});

/** One run of the work serves all who ask while it runs and for a while after. */
function reuse<T>(work: () => Promise<T>, forMs: number): () => Promise<T> {
  let held: { value: Promise<T>; until: number } | undefined;
  return () => {
    const now = performance.now();
    if (held !== undefined && now < held.until) return held.value;
    const value = work();
    held = { value, until: now + forMs };
    value.catch(() => {
      if (held?.value === value) held = undefined;
    });
    return value;
  };
}
