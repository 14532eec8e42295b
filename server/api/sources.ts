import { z } from 'zod';
import { AmphiError } from '#base';
import type { Config } from '#config';
import {
  createSourceSchema,
  eventIdSchema,
  type NewSource,
  newSourceSchema,
  patchSourceSchema,
  publishTokenSchema,
  sourceIdSchema,
  sourceSchema,
} from '#contracts';
import type { TokenIssuer } from '#platform';
import { publishSubject } from '../media/credential.ts';
import { addresses } from './addresses.ts';
import type { IngestControl } from './ingest-control.ts';
import { type Links, linksFor } from './links.ts';
import type { EventRepository, SourceRow } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

const TAG = 'Sources';
/** As long as a broadcast: a session is ended with the token that it was begun with. */
const PUBLISH_TOKEN_SECONDS = 12 * 3_600;
const sourceParams = z.object({ eventId: eventIdSchema, sourceId: sourceIdSchema });

/** Where an event's pictures come from, and the keys to send them with. */
export function sourceRoutes(deps: {
  config: Config;
  events: EventRepository;
  control: IngestControl;
  tokens: TokenIssuer;
}): Route[] {
  const { config, events, control, tokens } = deps;
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
        if (body.kind !== 'rtmp' && body.kind !== 'whip') {
          const detail = `sources of kind "${body.kind}" are not offered by this version; use "rtmp" or "whip"`;
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
        return {
          sourceId,
          name,
          kind,
          ...addresses(kind, params.eventId, sourceId, linksFor(config, req)),
        };
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
    route({
      method: 'post',
      path: '/api/events/{eventId}/sources/{sourceId}/publish-tokens',
      summary: 'Makes a token that publishes by WHIP, worthless once the stream key changes',
      tag: TAG,
      access: 'admin',
      params: sourceParams,
      answers: { status: 201, schema: publishTokenSchema, description: 'The token' },
      handle: async ({ params, req }) => {
        const { eventId, sourceId } = params;
        const found = await events.bySource(sourceId);
        if (found === undefined || found.event.eventId !== eventId) {
          throw new AmphiError('source_not_found', `no source "${sourceId}"`);
        }
        const sub = publishSubject(sourceId, found.source.keyHash);
        return {
          token: await tokens.sign('publish', { sub }, PUBLISH_TOKEN_SECONDS),
          whipUrl: linksFor(config, req).whip(eventId, sourceId),
          expiresAt: Date.now() + PUBLISH_TOKEN_SECONDS * 1_000,
        };
      },
    }),
  ];
}

export function newSource(source: SourceRow, streamKey: string, links: Links): NewSource {
  const { sourceId, eventId, name, kind } = source;
  const { whipUrl } = addresses(kind, eventId, sourceId, links);
  return {
    sourceId,
    name,
    kind,
    streamKey,
    ...(kind === 'rtmp' ? { rtmpUrl: `${links.rtmpServer}/${streamKey}` } : {}),
    ...(whipUrl === undefined ? {} : { whipUrl }),
  };
}
