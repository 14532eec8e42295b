import { expect, it } from 'vitest';
import { sha256Hex, TokenIssuer } from '#platform';
import type { MeetingRow } from './repository.ts';
import { MeetingService, type MeetingServiceDeps } from './service.ts';

const HOST_TOKEN = 'host-token';
const row = {
  meetingId: '0000-0000-0000-0001',
  ownerId: null,
  hostKeyHash: sha256Hex(HOST_TOKEN),
  passwordHash: null,
  settings: {},
  banned: [],
  endedAt: null,
} as unknown as MeetingRow;

/** A service over a Redis that counts, and in which time stands still. */
function service(joinsPerMinute: number): MeetingService {
  const counts = new Map<string, number>();
  const redis = {
    multi: () => {
      let count = 0;
      const chain = {
        incr: (key: string) => {
          count = (counts.get(key) ?? 0) + 1;
          counts.set(key, count);
          return chain;
        },
        expire: () => chain,
        ttl: () => chain,
        exec: async () => [count, 1, 42].map((value) => [null, value]),
      };
      return chain;
    },
    exists: async () => 0,
    hget: async () => null,
  };
  const tokens = new TokenIssuer('secret');
  return new MeetingService({ redis, tokens, joinsPerMinute } as unknown as MeetingServiceDeps);
}

it('join takes so many from one address in a minute and not one more; others and hosts are let in', async () => {
  const meetings = service(30);
  const join = (address: string, bearer?: string) =>
    meetings.join(
      row,
      { displayName: 'Ann', password: undefined, userId: undefined, mark: 'm', address },
      { isAdmin: false, bearer },
    );
  for (let i = 0; i < 30; i++) await join('192.0.2.1');
  await expect(join('192.0.2.1')).rejects.toMatchObject({
    code: 'too_many',
    message: 'Too many join from your network. Try again in 42 s.',
  });
  await expect(join('192.0.2.2')).resolves.toMatchObject({ status: 'admitted' });
  await expect(join('192.0.2.1', HOST_TOKEN)).resolves.toMatchObject({ status: 'admitted' });
});

it('join does not write the address into the token', async () => {
  const { token } = await service(1).join(
    row,
    { displayName: 'Ann', password: undefined, userId: undefined, mark: 'm', address: '192.0.2.1' },
    { isAdmin: false },
  );
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  expect(claims).not.toContain('192.0.2.1');
  expect(JSON.parse(claims)).toMatchObject({
    grant: { network: expect.stringMatching(/^\w{16}$/) },
  });
});
