import { z } from 'zod';
import type { Config } from '#config';
import { eventIdSchema, playSchema } from '#contracts';
import { linksFor } from './links.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository } from './repository.ts';
import { type Route, route } from './route.ts';

/** What a viewer needs to begin. */
export function playRoutes(deps: {
  config: Config;
  events: EventRepository;
  live: LiveReader;
}): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/play/{eventId}',
      summary: "A viewer's options, best first",
      tag: 'Broadcast',
      access: 'public',
      params: z.object({ eventId: eventIdSchema }),
      answers: { status: 200, schema: playSchema, description: 'Where to play from' },
      handle: async ({ params, req }) => {
        const event = await deps.events.event(params.eventId);
        const state = await deps.live.live(event.eventId);
        const hls = linksFor(deps.config, req).hls(event.eventId);
        return {
          eventId: event.eventId,
          title: event.title,
          status: event.closed ? 'ended' : (state?.status ?? 'idle'),
          llhls: `${hls}/master.m3u8`,
          hls: `${hls}/plain.m3u8`,
          statusUrl: `${hls}/status.json`,
          dvr: event.dvrSeconds > 30,
          dvrSeconds: event.dvrSeconds,
          latency: event.latency,
          thumbnails: `${hls}/thumbnails/storyboard.vtt`,
          poster: `${hls}/poster.jpg`,
        };
      },
    }),
  ];
}
