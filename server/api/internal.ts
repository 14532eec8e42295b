import { AmphiError } from '#base';
import {
  eventSpecSchema,
  type PublishCredential,
  type PublishRequest,
  publishGrantSchema,
  publishRequestSchema,
} from '#contracts';
import type { EventRepository, EventRow, SourceRow } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

/** Calls of other nodes. */
export function internalRoutes(events: EventRepository): Route[] {
  return [
    route({
      method: 'get',
      path: '/internal/events/{eventId}',
      summary: 'What is this event?',
      tag: 'Internal',
      access: 'node',
      params: eventParams,
      answers: { status: 200, schema: eventSpecSchema, description: 'The event, on air or not' },
      handle: async ({ params }) => events.spec(await events.event(params.eventId)),
    }),
    route({
      method: 'post',
      path: '/internal/publish',
      summary: 'May this key publish?',
      tag: 'Internal',
      access: 'node',
      body: publishRequestSchema,
      answers: { status: 200, schema: publishGrantSchema, description: 'The source and its event' },
      handle: async ({ body }) => {
        const found = await sourceOf(events, body.credential);
        if (found === undefined)
          throw new AmphiError('unauthorized', 'this stream key is not known, or no longer');
        await mustBeFor(events, found, body);
        if (found.event.closed) {
          throw new AmphiError('conflict', 'the event has ended; open it again in the studio');
        }
        return { sourceId: found.source.sourceId, event: await events.spec(found.event) };
      },
    }),
  ];
}

/** The source that a credential is for; undefined when it is for none. */
async function sourceOf(events: EventRepository, credential: PublishCredential) {
  if ('keyHash' in credential) return events.byKey(credential.keyHash);
  const found = await events.bySource(credential.grantedTo);
  return found?.source.keyHash.startsWith(credential.keyMark) ? found : undefined;
}

/**
 * A key of one source does not publish to another. Throws `event_not_found`,
 * `source_not_found` or `unauthorized`.
 */
async function mustBeFor(
  events: EventRepository,
  found: { event: EventRow; source: SourceRow },
  { eventId, sourceId }: PublishRequest,
): Promise<void> {
  if (eventId === undefined) return;
  if (eventId !== found.event.eventId) await events.event(eventId);
  if (sourceId !== undefined && sourceId !== found.source.sourceId) {
    const known = await events.sources(eventId);
    if (!known.some((source) => source.sourceId === sourceId)) {
      throw new AmphiError('source_not_found', `no source "${sourceId}"`);
    }
    throw new AmphiError('unauthorized', 'this stream key is of another source');
  }
  if (eventId !== found.event.eventId) {
    throw new AmphiError('unauthorized', 'this stream key is of another event');
  }
}
