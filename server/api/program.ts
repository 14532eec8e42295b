import { AmphiError } from '#base';
import { type LiveState, programSchema, putProgramSchema } from '#contracts';
import type { IngestControl } from './ingest-control.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

const TAG = 'Program';

/** What is on air. */
export function programRoutes(deps: {
  events: EventRepository;
  live: LiveReader;
  control: IngestControl;
}): Route[] {
  const { events, live, control } = deps;
  return [
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
        const held = await control.command(event.eventId, { type: 'take', sourceId: body.take });
        if (!held)
          throw new AmphiError('conflict', 'the event is not on air; start a source first');
        return programView(await live.live(event.eventId));
      },
    }),
  ];
}

function programView(state: LiveState | undefined) {
  return {
    scene: 'single' as const,
    audio: 'follow' as const,
    status: state?.status ?? 'idle',
    ...(state?.onAir === undefined ? {} : { source: state.onAir }),
  };
}
