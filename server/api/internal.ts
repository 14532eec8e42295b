import { AmphiError } from '#base';
import { publishGrantSchema, publishRequestSchema } from '#contracts';
import type { EventRepository } from './repository.ts';
import { type Route, route } from './route.ts';

/** Calls of other nodes. */
export function internalRoutes(events: EventRepository): Route[] {
  return [
    route({
      method: 'post',
      path: '/internal/publish',
      summary: 'May this key publish?',
      tag: 'Internal',
      access: 'node',
      body: publishRequestSchema,
      answers: { status: 200, schema: publishGrantSchema, description: 'The source and its event' },
      handle: async ({ body }) => {
        const found = await events.byKey(body.keyHash);
        if (found === undefined)
          throw new AmphiError('unauthorized', 'this stream key is not known');
        if (found.event.closed) {
          throw new AmphiError('conflict', 'the event has ended; open it again in the studio');
        }
        return { sourceId: found.source.sourceId, event: await events.spec(found.event) };
      },
    }),
  ];
}
