import type { Request } from 'express';
import { z } from 'zod';
import { AmphiError } from '#base';
import type { Config } from '#config';
import { createPlayTokenSchema, playSchema, playTokenSchema } from '#contracts';
import { bearerOf, type TokenIssuer } from '#platform';
import type { Gate } from './auth.ts';
import { linksFor } from './links.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository } from './repository.ts';
import { eventParams, type Route, route } from './route.ts';

const TAG = 'Playback';
const MAX_TOKEN_LENGTH = 2_000;
/** Who runs the event gets a token for as long as a broadcast may last. */
const ADMIN_TOKEN_SECONDS = 12 * 3_600;

export interface PlayDeps {
  config: Config;
  events: EventRepository;
  live: LiveReader;
  tokens: TokenIssuer;
  gate: Gate;
}

/** What a viewer needs to begin. */
export function playRoutes(deps: PlayDeps): Route[] {
  return [optionsRoute(deps), tokenRoute(deps)];
}

function optionsRoute(deps: PlayDeps): Route {
  return route({
    method: 'get',
    path: '/api/play/{eventId}',
    summary: "A viewer's options, best first",
    tag: TAG,
    access: 'public',
    params: eventParams,
    query: z.object({
      token: z.string().max(MAX_TOKEN_LENGTH).optional().describe('For private events'),
    }),
    answers: { status: 200, schema: playSchema, description: 'Where to play from' },
    handle: async ({ params, query, req }) => {
      const event = await deps.events.event(params.eventId);
      const { eventId, visibility } = event;
      const token =
        visibility === 'private' ? await playToken(deps, eventId, query.token, req) : undefined;
      const [state, door] = await Promise.all([
        deps.live.live(eventId),
        deps.live.stageDoor(eventId),
      ]);
      const links = linksFor(deps.config, req);
      const hls = links.hls(eventId);
      const status = event.closed ? 'ended' : (state?.status ?? 'idle');
      const onAir = status === 'live' || status === 'interrupted';
      return {
        eventId,
        title: event.title,
        status,
        ...(event.latency === 'ultra' && onAir ? { whep: links.whep(eventId) } : {}),
        llhls: `${hls}/master.m3u8`,
        hls: `${hls}/plain.m3u8`,
        statusUrl: `${hls}/status.json`,
        dvr: event.dvrSeconds > 30,
        dvrSeconds: event.dvrSeconds,
        latency: event.latency,
        thumbnails: `${hls}/thumbnails/storyboard.vtt`,
        poster: `${hls}/poster.jpg`,
        ...(door === undefined ? {} : { room: links.room(door) }),
        ...(token === undefined ? {} : { token }),
      };
    },
  });
}

/** The token that opens this private event to the one who asks. Throws `unauthorized`. */
async function playToken(
  { tokens, gate }: PlayDeps,
  eventId: string,
  inAddress: string | undefined,
  req: Request,
): Promise<string> {
  const bearer = bearerOf(req.headers.authorization);
  for (const shown of [inAddress, bearer]) {
    if (shown === undefined) continue;
    const claims = await tokens.verify('play', shown).catch(() => undefined);
    if (claims?.sub === eventId) return shown;
  }
  if (await gate.isAdmin(req)) return tokens.sign('play', { sub: eventId }, ADMIN_TOKEN_SECONDS);
  throw new AmphiError('unauthorized', 'This event is private; its link carries a token');
}

function tokenRoute({ config, events, tokens }: PlayDeps): Route {
  return route({
    method: 'post',
    path: '/api/events/{eventId}/play-tokens',
    summary: 'Makes a link to a private event',
    tag: TAG,
    access: 'admin',
    params: eventParams,
    body: createPlayTokenSchema,
    answers: {
      status: 201,
      schema: playTokenSchema,
      description: 'A token, and the addresses with it; whoever has one can watch until it expires',
    },
    handle: async ({ params, body, req }) => {
      const { eventId } = await events.event(params.eventId);
      const token = await tokens.sign('play', { sub: eventId }, body.expiresInSeconds);
      const links = linksFor(config, req);
      const withToken = (url: string) => `${url}?token=${token}`;
      return {
        token,
        expiresAt: Date.now() + body.expiresInSeconds * 1_000,
        watchUrl: withToken(links.watch(eventId)),
        embedUrl: withToken(links.embed(eventId)),
        hlsUrl: withToken(`${links.hls(eventId)}/master.m3u8`),
      };
    },
  });
}
