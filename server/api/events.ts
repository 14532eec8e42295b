import type { Request } from 'express';
import { z } from 'zod';
import { AmphiError, isAmphiError } from '#base';
import type { Config } from '#config';
import {
  createdEventSchema,
  createEventSchema,
  createSourceSchema,
  type EventView,
  eventIdSchema,
  eventListSchema,
  eventViewSchema,
  type IngestCommand,
  type NewSource,
  newSourceSchema,
  patchEventSchema,
  programSchema,
  putProgramSchema,
  sourceIdSchema,
} from '#contracts';
import type { NodeClient } from '#platform';
import { type Links, linksFor } from './links.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository, EventRow, SourceRow } from './repository.ts';
import { type Route, route } from './route.ts';

export interface EventRoutesDeps {
  config: Config;
  events: EventRepository;
  live: LiveReader;
  nodes: NodeClient;
}

const TAG = 'Broadcast';
const eventParams = z.object({ eventId: eventIdSchema });
const sourceParams = z.object({ eventId: eventIdSchema, sourceId: sourceIdSchema });
const DEFAULT_PAGE = 50;

/** Events, sources, keys and the program. */
export function eventRoutes(deps: EventRoutesDeps): Route[] {
  const { config, events, live } = deps;

  const view = async (event: EventRow, req: Request): Promise<EventView> => {
    const [sources, state, origin] = await Promise.all([
      events.sources(event.eventId),
      live.live(event.eventId),
      live.origin(event.eventId),
    ]);
    const links = linksFor(config, req);
    const { eventId, title, visibility, latency, ladder, dvrSeconds, record } = event;
    const status =
      state?.status ?? (event.closed || (await events.lastRun(eventId)) ? 'ended' : 'idle');
    return {
      eventId,
      title,
      visibility,
      latency,
      dvrSeconds,
      record,
      status: event.closed ? 'ended' : status,
      viewers: origin.viewers,
      createdAt: event.createdAt.getTime(),
      renditions: origin.renditions,
      watchUrl: links.watch(eventId),
      studioUrl: links.studio(eventId),
      sources: sources.map((source) => {
        const health = state?.sources.find((s) => s.sourceId === source.sourceId);
        return {
          sourceId: source.sourceId,
          name: source.name,
          kind: source.kind,
          ...(source.kind === 'rtmp' ? { rtmpServer: links.rtmpServer } : {}),
          ...(health === undefined ? {} : { health }),
        };
      }),
      ...(ladder === null ? {} : { ladder }),
      ...(state?.startedAt === undefined ? {} : { started: state.startedAt }),
      ...(state?.onAir === undefined ? {} : { onAir: state.onAir }),
    };
  };

  /** Tells the ingest node that holds the event; nobody may hold it. */
  const command = async (eventId: string, body: IngestCommand): Promise<boolean> => {
    try {
      await deps.nodes.call('ingest', `/control/events/${eventId}`, { body });
      return true;
    } catch (error) {
      if (isAmphiError(error, 'not_live')) return false;
      throw error;
    }
  };

  const announce = async (event: EventRow) => {
    await command(event.eventId, { type: 'update', event: await events.spec(event) }).catch(
      (error) => {
        if (!isAmphiError(error, 'unavailable')) throw error;
      },
    );
  };

  const checkLadder = (ladder: readonly string[] | null | undefined) => {
    const known = config.transcode.ladder.map((rung) => rung.name);
    const unknown = ladder?.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new AmphiError('bad_request', {
      field: 'ladder',
      detail: `ladder: "${unknown}" is not one of ${known.join(', ')}`,
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
        cursor: eventIdSchema.optional(),
        limit: z.coerce.number().int().min(1).max(200).default(DEFAULT_PAGE),
      }),
      answers: { status: 200, schema: eventListSchema, description: 'One page of events' },
      handle: async ({ query, req }) => {
        const rows = await events.list(query.limit + 1, query.cursor);
        const page = rows.slice(0, query.limit);
        const items = await Promise.all(page.map((row) => view(row, req)));
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
      handle: async ({ params, req }) => view(await events.event(params.eventId), req),
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
        if (status === 'ended') await command(params.eventId, { type: 'end' });
        else await announce(event);
        return view(event, req);
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
        await events.event(params.eventId);
        await command(params.eventId, { type: 'end' }).catch((error) => {
          if (!isAmphiError(error, 'unavailable')) throw error;
        });
        await events.delete(params.eventId);
      },
    }),
    route({
      method: 'post',
      path: '/api/events/{eventId}/sources',
      summary: 'Adds a source',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      body: createSourceSchema,
      answers: {
        status: 201,
        schema: newSourceSchema,
        description: 'Created; the key is shown this once',
      },
      handle: async ({ params, body, req }) => {
        if (body.kind !== 'rtmp') {
          throw new AmphiError('bad_request', {
            field: 'kind',
            detail: `kind: sources of kind "${body.kind}" are not offered by this version; use "rtmp"`,
          });
        }
        const { source, streamKey } = await events.addSource(params.eventId, body);
        await announce(await events.event(params.eventId));
        return newSource(source, streamKey, linksFor(config, req));
      },
    }),
    route({
      method: 'delete',
      path: '/api/events/{eventId}/sources/{sourceId}',
      summary: 'Removes a source; its publisher is disconnected',
      tag: TAG,
      access: 'admin',
      params: sourceParams,
      answers: { status: 204, description: 'Removed' },
      handle: async ({ params }) => {
        await events.deleteSource(params.eventId, params.sourceId);
        await announce(await events.event(params.eventId));
      },
    }),
    route({
      method: 'post',
      path: '/api/events/{eventId}/sources/{sourceId}/rotate-key',
      summary: 'Makes a new stream key; the session with the old one ends',
      tag: TAG,
      access: 'admin',
      params: sourceParams,
      answers: {
        status: 200,
        schema: newSourceSchema,
        description: 'The new key, shown this once',
      },
      handle: async ({ params, req }) => {
        const { source, streamKey } = await events.rotateKey(params.eventId, params.sourceId);
        await command(params.eventId, { type: 'drop-source', sourceId: params.sourceId });
        return newSource(source, streamKey, linksFor(config, req));
      },
    }),
    route({
      method: 'get',
      path: '/api/events/{eventId}/program',
      summary: 'What is on air',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      answers: { status: 200, schema: programSchema, description: 'The program' },
      handle: async ({ params }) => {
        const event = await events.event(params.eventId);
        return programView(await live.live(event.eventId));
      },
    }),
    route({
      method: 'put',
      path: '/api/events/{eventId}/program',
      summary: 'Puts a source on air at its next key frame',
      tag: TAG,
      access: 'admin',
      params: eventParams,
      body: putProgramSchema,
      answers: { status: 200, schema: programSchema, description: 'The program as it is now' },
      handle: async ({ params, body }) => {
        const event = await events.event(params.eventId);
        const known = await events.sources(event.eventId);
        if (!known.some(({ sourceId }) => sourceId === body.take)) {
          throw new AmphiError('source_not_found', `no source "${body.take}"`);
        }
        const held = await command(event.eventId, { type: 'take', sourceId: body.take });
        if (!held)
          throw new AmphiError('conflict', 'the event is not on air; start a source first');
        return programView(await live.live(event.eventId));
      },
    }),
  ];
}

function programView(state: Awaited<ReturnType<LiveReader['live']>>) {
  return {
    scene: 'single' as const,
    audio: 'follow' as const,
    status: state?.status ?? 'idle',
    ...(state?.onAir === undefined ? {} : { source: state.onAir }),
  };
}

function newSource(source: SourceRow, streamKey: string, links: Links): NewSource {
  const { sourceId, name, kind } = source;
  return {
    sourceId,
    name,
    kind,
    streamKey,
    ...(kind === 'rtmp' ? { rtmpUrl: `${links.rtmpServer}/${streamKey}` } : {}),
  };
}
