import { z } from 'zod';
import { pastCallListSchema } from '#contracts';
import type { UserGateway } from '#meeting';
import type { Gate } from './auth.ts';
import { type Route, route } from './route.ts';
import { accountOf } from './user-session.ts';

const pageQuery = z.strictObject({
  cursor: z.string().max(32).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

/** What calls there were. New ones are made on the socket. */
export function pastCallRoutes({ gate, users }: { gate: Gate; users: UserGateway }): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/calls',
      summary: 'Lists one’s calls that are over, newest first, missed ones among them',
      tag: 'People',
      access: 'user',
      query: pageQuery,
      answers: { status: 200, schema: pastCallListSchema, description: 'A page of calls' },
      handle: async ({ query, req }) => {
        const { userId } = await accountOf(gate, req);
        const { limit, cursor } = query;
        const rows = await users.pastCalls(userId, { limit: limit + 1, before: cursor });
        const items = rows.slice(0, limit);
        const last = rows.length > limit ? items.at(-1) : undefined;
        return { items, ...(last === undefined ? {} : { cursor: last.callId }) };
      },
    }),
  ];
}
