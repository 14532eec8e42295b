import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AmphiError, isAmphiError } from '#base';
import type { Config } from '#config';
import {
  createdMeetingSchema,
  createMeetingSchema,
  joinedMeetingSchema,
  joinMeetingSchema,
  meetingIdSchema,
  meetingListSchema,
  meetingViewSchema,
  patchMeetingSchema,
  successSchema,
} from '#contracts';
import {
  type Caller,
  calendarFile,
  type MeetingRow,
  type MeetingService,
  pictureOf,
  type UserRow,
} from '#meeting';
import { bearerOf, cookieOf, networkOf, sha256Hex } from '#platform';
import { iceServers } from '../media/ice-servers.ts';
import type { Gate } from './auth.ts';
import { linksFor } from './links.ts';
import { type Route, route } from './route.ts';

export interface MeetingRouteDeps {
  config: Config;
  service: MeetingService;
  gate: Gate;
}

const TAG = 'Meetings';
const meetingParams = z.object({ meetingId: meetingIdSchema });
const listQuery = z.strictObject({
  cursor: meetingIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

/** Tells a browser from others, so that who was banned does not come in by another name. */
const BROWSER_COOKIE = 'amphi_browser';
const BROWSER_SECONDS = 365 * 86_400;

/** Rooms: made, listed, changed, joined and ended. */
export function meetingRoutes(deps: MeetingRouteDeps): Route[] {
  return [
    createRoute(deps),
    listRoute(deps),
    showRoute(deps),
    ...changeRoutes(deps),
    joinRoute(deps),
    calendarRoute(deps),
  ];
}

function createRoute({ config, service, gate }: MeetingRouteDeps): Route {
  return route({
    method: 'post',
    path: '/api/meetings',
    summary: 'Makes a meeting; of an account where one is signed in',
    tag: TAG,
    access: 'account',
    body: createMeetingSchema,
    answers: {
      status: 201,
      schema: createdMeetingSchema,
      description: 'The meeting; its host token is shown this once',
    },
    handle: async ({ body, req }) => {
      const { row, hostToken } = await service.create(
        body,
        (await gate.userSession(req))?.user.userId,
      );
      const links = linksFor(config, req);
      return {
        meetingId: row.meetingId,
        joinUrl: links.room(row.meetingId),
        hostToken,
        calendarUrl: links.calendar(row.meetingId),
      };
    },
  });
}

function listRoute({ config, service, gate }: MeetingRouteDeps): Route {
  return route({
    method: 'get',
    path: '/api/meetings',
    summary: 'Lists one’s meetings, newest first; to the admin, all',
    tag: TAG,
    access: 'account',
    query: listQuery,
    answers: { status: 200, schema: meetingListSchema, description: 'A page of meetings' },
    handle: async ({ query, req }) => {
      const { limit, cursor } = query;
      const caller = await callerOf(gate, req);
      const ownerId = caller.isAdmin ? undefined : caller.userId;
      const rows = await service.list({ limit: limit + 1, after: cursor, ownerId });
      const page = rows.slice(0, limit);
      const links = linksFor(config, req);
      const items = await Promise.all(
        page.map((row) => service.view(row, caller, links.room(row.meetingId))),
      );
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { items, ...(last === undefined ? {} : { cursor: last.meetingId }) };
    },
  });
}

function showRoute({ config, service, gate }: MeetingRouteDeps): Route {
  return route({
    method: 'get',
    path: '/api/meetings/{meetingId}',
    summary:
      'Shows a meeting: to who has the link, what to know before joining; to who is in it and to its host, also who is there and which way media goes',
    tag: TAG,
    access: 'public',
    params: meetingParams,
    answers: { status: 200, schema: meetingViewSchema, description: 'The meeting' },
    handle: async ({ params, req }) => {
      const row = await service.meeting(params.meetingId);
      return service.view(
        row,
        await callerOf(gate, req),
        linksFor(config, req).room(row.meetingId),
      );
    },
  });
}

function changeRoutes({ config, service, gate }: MeetingRouteDeps): Route[] {
  const asHost = async (
    meetingId: string,
    req: Request,
  ): Promise<{ row: MeetingRow; caller: Caller }> => {
    const row = await service.meeting(meetingId);
    const caller = await callerOf(gate, req);
    service.requireHost(row, caller);
    return { row, caller };
  };
  return [
    route({
      method: 'patch',
      path: '/api/meetings/{meetingId}',
      summary: 'Changes title, time or settings; those in the meeting are told (host token)',
      tag: TAG,
      access: 'public',
      params: meetingParams,
      body: patchMeetingSchema,
      answers: { status: 200, schema: meetingViewSchema, description: 'The meeting as it is now' },
      handle: async ({ params, body, req }) => {
        const { row, caller } = await asHost(params.meetingId, req);
        if (row.endedAt !== null) throw new AmphiError('meeting_ended');
        const changed = await service.change(row, body);
        return service.view(changed, caller, linksFor(config, req).room(row.meetingId));
      },
    }),
    route({
      method: 'delete',
      path: '/api/meetings/{meetingId}',
      summary: 'Ends a meeting for good (host token)',
      tag: TAG,
      access: 'public',
      params: meetingParams,
      answers: { status: 200, schema: successSchema, description: 'It is over' },
      handle: async ({ params, req }) => {
        const { row } = await asHost(params.meetingId, req);
        await service.end(row);
        return { success: true };
      },
    }),
  ];
}

function joinRoute({ config, service, gate }: MeetingRouteDeps): Route {
  return route({
    method: 'post',
    path: '/api/meetings/{meetingId}/join',
    summary: 'Asks to come in; with the host token as a host',
    tag: TAG,
    access: 'public',
    params: meetingParams,
    body: joinMeetingSchema,
    answers: {
      status: 200,
      schema: joinedMeetingSchema,
      description: 'Where the socket is, and the token that opens it',
    },
    handle: async ({ params, body, req, res }) => {
      const row = await service.meeting(params.meetingId);
      const caller = await callerOf(gate, req);
      const user = await joinerOf(gate, req, body.userId);
      const joined = await service.join(
        row,
        {
          displayName: body.displayName,
          password: body.password,
          userId: user?.userId,
          picture: user === undefined ? undefined : pictureOf(user).picture,
          mark: markOf(req, res),
          address: networkOf(req.ip),
        },
        caller,
      );
      const { token } = joined;
      const { sockets } = linksFor(config, req);
      return {
        ...joined,
        webSocketUrl: `${sockets}/signal/meetings/${row.meetingId}?token=${token}`,
        iceServers: iceServers(config.turn, Date.now()),
      };
    },
  });
}

function calendarRoute({ config, service }: MeetingRouteDeps): Route {
  return route({
    method: 'get',
    path: '/api/meetings/{meetingId}/calendar.ics',
    summary: 'The meeting as a calendar file (RFC 5545)',
    tag: TAG,
    access: 'public',
    params: meetingParams,
    answers: { status: 200, type: 'text/calendar', description: 'The calendar file' },
    handle: async ({ params, req, res }) => {
      const row = await service.meeting(params.meetingId);
      const { meetingId, title, durationMinutes, createdAt } = row;
      const joinUrl = linksFor(config, req).room(meetingId);
      const startsAt = row.startTime ?? createdAt;
      res
        .status(200)
        .setHeader('content-type', 'text/calendar; charset=utf-8')
        .setHeader('content-disposition', `attachment; filename="meeting-${meetingId}.ics"`)
        .end(calendarFile({ meetingId, title, joinUrl, startsAt, durationMinutes, createdAt }));
      return undefined;
    },
  });
}

async function callerOf(gate: Gate, req: Request): Promise<Caller> {
  const bearer = bearerOf(req.headers.authorization);
  // Who may not ask as somebody asks as nobody; what cannot be told now is no answer.
  const unlessAway = (error: unknown) => {
    if (isAmphiError(error, 'unavailable')) throw error;
    return undefined;
  };
  const [isAdmin = false, session] = await Promise.all([
    gate.isAdmin(req).catch(unlessAway),
    gate.userSession(req).catch(unlessAway),
  ]);
  return { isAdmin, bearer, userId: session?.user.userId };
}

/** The account as which somebody wants to come in, also beside a host token. Throws `forbidden`. */
async function joinerOf(
  gate: Gate,
  req: Request,
  userId: string | undefined,
): Promise<UserRow | undefined> {
  if (userId === undefined) return undefined;
  for (const session of [await gate.userSession(req), await gate.browserSession(req)]) {
    if (session?.user.userId === userId) return session.user;
  }
  throw new AmphiError('forbidden', 'userId: sign in as this user');
}

/** A hash of what stands in the browser's cookie, which is set where there is none. */
function markOf(req: Request, res: Response): string {
  let browser = cookieOf(req.headers.cookie, BROWSER_COOKIE);
  if (browser === undefined || !/^[\w-]{22}$/.test(browser)) {
    browser = randomBytes(16).toString('base64url');
    const secure = req.protocol === 'https' ? '; Secure' : '';
    res.setHeader(
      'set-cookie',
      `${BROWSER_COOKIE}=${browser}; Path=/api/meetings; HttpOnly; SameSite=Lax; Max-Age=${BROWSER_SECONDS}${secure}`,
    );
  }
  return sha256Hex(browser);
}
