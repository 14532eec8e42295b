import { z } from 'zod';
import { AmphiError } from '#base';
import type { Config } from '#config';
import {
  createdEventSchema,
  createEventSchema,
  eventIdSchema,
  eventListSchema,
  eventViewSchema,
  patchEventSchema,
  textSchema,
} from '#contracts';
import type { EventViews } from './event-views.ts';
import type { IngestControl } from './ingest-control.ts';
import { linksFor } from './links.ts';
import type { EventRepository, EventRow } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';
import { newSource } from './sources.ts';

const TAG = 'Events';
const DEFAULT_PAGE = 50;

/** Events: made, listed, shown, changed, ended and deleted. */
export function eventRoutes(deps: {
  config: Config;
  events: EventRepository;
  views: EventViews;
  control: IngestControl;
}): Route[] {
  const { config, events, views, control } = deps;

  const checkLadder = (ladder: readonly string[] | null | undefined) => {
    const known = config.transcode.ladder.map((rung) => rung.name);
    const unknown = ladder?.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const detail = `"${unknown}" is not one of ${known.join(', ')}`;
    throw new AmphiError('bad_request', {
      field: 'ladder',
      detail: `ladder: ${detail}`,
      faults: [{ pointer: `#/ladder/${ladder?.indexOf(unknown)}`, detail }],
    });
  };

  return [
    route({
      method: 'post',
      path: '/api/events',
      summary: 'Creates an event with one RTMP source',
      tag: TAG,
      access: 'admin',
      body: createEventSchema,
      answers: {
        status: 201,
        schema: createdEventSchema,
        description: 'Created; the key is shown this once',
      },
      handle: async ({ body, req }) => {
        checkLadder(body.ladder);
        const { event, source, streamKey } = await events.create({
          ...body,
          dvrSeconds: body.dvrSeconds ?? config.edge.dvrSeconds,
        });
        const links = linksFor(config, req);
        return {
          eventId: event.eventId,
          watchUrl: links.watch(event.eventId),
          studioUrl: links.studio(event.eventId),
          sources: [newSource(source, streamKey, links)],
        };
      },
    }),
    route({
      method: 'get',
      path: '/api/events',
      summary: 'Lists events, newest first',
      tag: TAG,
      access: 'admin',
      query: z.object({
        cursor: eventIdSchema.optional().describe('The `cursor` of the page before'),
        limit: z.coerce.number().int().min(1).max(200).default(DEFAULT_PAGE),
        search: textSchema
          .max(140)
          .optional()
          .describe('Only events whose title or id has this text in it'),
      }),
      answers: { status: 200, schema: eventListSchema, description: 'One page of events' },
      handle: async ({ query, req }) => {
        const rows = await events.list({
          limit: query.limit + 1,
          after: query.cursor,
          search: query.search,
        });
        const page = rows.slice(0, query.limit);
        const items = await Promise.all(page.map((row) => views.view(row, req)));
        const cursor = rows.length > query.limit ? page.at(-1)?.eventId : undefined;
        return { items, ...(cursor === undefined ? {} : { cursor }) };
      },
    }),
    route({
      method: 'get',
      path: '/api/events/{eventId}',
      summary: 'Shows an event with its health',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      answers: { status: 200, schema: eventViewSchema, description: 'The event' },
      handle: async ({ params, req }) => views.view(await events.event(params.eventId), req),
    }),
    route({
      method: 'patch',
      path: '/api/events/{eventId}',
      summary: 'Changes, ends or reopens an event',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      body: patchEventSchema,
      answers: { status: 200, schema: eventViewSchema, description: 'The event as it is now' },
      handle: async ({ params, body, req }) => {
        checkLadder(body.ladder);
        const { status, ...fields } = body;
        const change = Object.fromEntries(
          Object.entries(fields).filter(([, value]) => value !== undefined),
        ) as Partial<EventRow>;
        if (status !== undefined) change.closed = status === 'ended';
        const event = await events.patch(params.eventId, change);
        if (status === 'ended') await control.end(event.eventId);
        else if (status === 'idle') await control.reopen(event.eventId);
        else await control.announce(event.eventId);
        return views.view(event, req);
      },
    }),
    route({
      method: 'delete',
      path: '/api/events/{eventId}',
      summary: 'Takes an event off air and deletes it with its sources',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      answers: { status: 204, description: 'Deleted' },
      handle: async ({ params }) => {
        // Closed first: an encoder that is sent away comes back at once.
        const { eventId } = await events.patch(params.eventId, { closed: true });
        await control.end(eventId);
        await events.delete(eventId);
        await control.changed(eventId);
      },
    }),
  ];
}
