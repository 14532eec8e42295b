import { expect, it } from 'vitest';
import { sha256Hex, TokenIssuer } from '#platform';
import { CountingRedis } from '#support';
import { hashPassword, passwordMark } from '../people/passwords.ts';
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
  const { redis } = new CountingRedis();
  const tokens = new TokenIssuer('secret');
  return new MeetingService({ redis, tokens, joinsPerMinute } as unknown as MeetingServiceDeps);
}

it('join takes so many from one address in a minute and not one more; others are let in, and hosts have a measure of their own', async () => {
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
  for (let i = 0; i < 30; i++) {
    await expect(join('192.0.2.1', HOST_TOKEN)).resolves.toMatchObject({ status: 'admitted' });
  }
  await expect(join('192.0.2.1', HOST_TOKEN)).rejects.toMatchObject({ code: 'too_many' });
});

it('join takes 30 wrong passwords from one address and not one more, whatever is right in between', async () => {
  const meetings = service(1_000);
  const closed = { ...row, passwordHash: await hashPassword('open') };
  const join = (password: string, address = '192.0.2.1') =>
    meetings.join(
      closed,
      { displayName: 'Ann', password, userId: undefined, mark: 'm', address },
      { isAdmin: false },
    );
  for (let i = 0; i < 30; i++) {
    if (i % 10 === 9) await join('open');
    await expect(join('guess')).rejects.toMatchObject({ code: 'wrong_password' });
  }
  await expect(join('guess')).rejects.toMatchObject({ code: 'too_many' });
  await expect(join('open')).rejects.toMatchObject({ code: 'too_many' });
  const { token } = await join('open', '192.0.2.2');
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  expect(JSON.parse(claims)).toMatchObject({
    grant: { passwordMark: passwordMark(closed.passwordHash) },
  });
}, 120_000);

it('change takes ten new passwords of one meeting in a minute and not one more', async () => {
  const { redis } = new CountingRedis();
  const deps = {
    redis,
    joinsPerMinute: 1,
    meetings: { update: async () => row },
    rooms: { changed: async () => {} },
  };
  const meetings = new MeetingService(deps as unknown as MeetingServiceDeps);
  const change = (of = row) => meetings.change(of, { settings: { password: 'open' } });
  for (let i = 0; i < 10; i++) await change();
  await expect(change()).rejects.toMatchObject({ code: 'too_many' });
  await change({ ...row, meetingId: '0000-0000-0000-0002' });
  await meetings.change(row, { settings: { password: null, waitingRoom: true } });
}, 120_000);

it.each([
  ['nobody', {}, false],
  ['a wrong token', { bearer: 'x' }, false],
  ['another account', { userId: 'other' }, false],
  ['the host token', { bearer: HOST_TOKEN }, true],
  ['the account that made it', { userId: 'owner' }, true],
  ['the admin', { isAdmin: true }, true],
])('view says to %s whether they come in as host', async (_who, caller, youAreHost) => {
  const meeting = { ...row, ownerId: 'owner', createdAt: new Date(0), startTime: null };
  const asking = { isAdmin: false, ...caller };
  expect(await service(1).view(meeting, asking, 'x')).toMatchObject({ youAreHost });
  expect(await service(1).view({ ...meeting, ownerId: null }, asking, 'x')).toMatchObject({
    youAreHost: youAreHost && !('userId' in caller),
  });
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
