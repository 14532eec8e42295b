import { expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { AccountSession } from './account-sessions.ts';
import { DeviceSessions } from './device-sessions.ts';

const MINUTE_MS = 60_000;
const session = (userId: string, expiresAt: number): AccountSession => ({
  sessionId: `session of ${userId}`,
  userId,
  expiresAt,
  password: 'p',
});

function devices(...expiries: number[]) {
  const ended = new Set<string>();
  let isAway = false;
  const userOf = vi.fn(async ({ userId }: AccountSession) => {
    if (isAway) throw new Error('away');
    return ended.has(userId) ? undefined : ({ userId } as never);
  });
  const here = new DeviceSessions({ sessions: { userOf }, log: silentLogger });
  const closed: string[] = [];
  for (const [i, expiresAt] of expiries.entries()) {
    const id = `${i}`;
    const line = { id, send: () => {}, close: (code: number) => closed.push(`${id} ${code}`) };
    here.add({ line, session: session(`user ${i}`, expiresAt) });
  }
  return { here, ended, closed, userOf, setAway: (away: boolean) => (isAway = away) };
}

it('closes a socket when its session expires, and looks at no other until then', async () => {
  const { here, ended, closed, userOf } = devices(10_000, 90_000);
  await here.beat(1_000);
  expect(userOf).toHaveBeenCalledTimes(2);
  await here.beat(2_000);
  expect(userOf).toHaveBeenCalledTimes(2);
  ended.add('user 0');
  await here.beat(10_000);
  expect(closed).toEqual(['0 4005']);
  expect([...here].map(({ line }) => line.id)).toEqual(['1']);
});

it('sees within minutes that a session has ended of which nobody told it', async () => {
  const { here, ended, closed } = devices(1e12, 1e12);
  await here.beat(0);
  ended.add('user 1');
  await here.beat(5 * MINUTE_MS - 1);
  expect(closed).toEqual([]);
  await here.beat(5 * MINUTE_MS);
  expect(closed).toEqual(['1 4005']);
});

it('puts nobody out because sessions cannot be looked at, and looks at the next beat', async () => {
  const { here, ended, closed, setAway } = devices(1e12);
  await here.beat(0);
  ended.add('user 0');
  setAway(true);
  await here.check(() => true);
  await here.beat(1_000);
  expect(closed).toEqual([]);
  setAway(false);
  await here.beat(2_000);
  expect(closed).toEqual(['0 4005']);
});
