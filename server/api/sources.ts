import { z } from 'zod';
import { AmphiError } from '#base';
import type { Config } from '#config';
import {
  createSourceSchema,
  eventIdSchema,
  type NewSource,
  newSourceSchema,
  patchSourceSchema,
  sourceIdSchema,
  sourceSchema,
} from '#contracts';
import type { IngestControl } from './ingest-control.ts';
import { type Links, linksFor } from './links.ts';
import type { EventRepository, SourceRow } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

const TAG = 'Sources';
const sourceParams = z.object({ eventId: eventIdSchema, sourceId: sourceIdSchema });

/** Where an event's pictures come from, and the keys to send them with. */
export function sourceRoutes(deps: {
  config: Config;
  events: EventRepository;
  control: IngestControl;
}): Route[] {
  const { config, events, control } = deps;
  return [
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
          const detail = `sources of kind "${body.kind}" are not offered by this version; use "rtmp"`;
          throw new AmphiError('bad_request', {
            field: 'kind',
            detail: `kind: ${detail}`,
            faults: [{ pointer: '#/kind', detail }],
          });
        }
        const { source, streamKey } = await events.addSource(params.eventId, body);
        await control.announce(params.eventId);
        return newSource(source, streamKey, linksFor(config, req));
      },
    }),
    route({
      method: 'patch',
      path: '/api/events/{eventId}/sources/{sourceId}',
      summary: 'Renames a source',
      tag: TAG,
      access: 'admin',
      params: sourceParams,
      body: patchSourceSchema,
      answers: { status: 200, schema: sourceSchema, description: 'The source as it is now' },
      handle: async ({ params, body, req }) => {
        const { sourceId, name, kind } = await events.renameSource(
          params.eventId,
          params.sourceId,
          body.name,
        );
        await control.changed(params.eventId);
        const { rtmpServer } = linksFor(config, req);
        return { sourceId, name, kind, ...(kind === 'rtmp' ? { rtmpServer } : {}) };
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
        await control.announce(params.eventId);
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
        const { eventId, sourceId } = params;
        const { source, streamKey } = await events.rotateKey(eventId, sourceId);
        await control.dropSource(eventId, sourceId);
        return newSource(source, streamKey, linksFor(config, req));
      },
    }),
  ];
}

export function newSource(source: SourceRow, streamKey: string, links: Links): NewSource {
  const { sourceId, name, kind } = source;
  return {
    sourceId,
    name,
    kind,
    streamKey,
    ...(kind === 'rtmp' ? { rtmpUrl: `${links.rtmpServer}/${streamKey}` } : {}),
  };
}
