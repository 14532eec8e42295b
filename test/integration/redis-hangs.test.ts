import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ProblemView } from '#contracts';
import { ADMIN_TOKEN, createMeeting, Instance, until } from '#support';
import { PASSWORD, People } from './people-rig.ts';

/** Redis is there, takes connections, and answers nothing. */

/** A command is given up after five seconds, and a call may need two. */
const PATIENCE_MS = 30_000;

let amphi: Instance;
let redisPid: number;

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_ROLES: 'api' } });
  redisPid = await amphi.pid('redis');
});

afterAll(async () => {
  process.kill(redisPid, 'SIGCONT');
  await amphi?.stop();
});

it('calls of the API are answered while Redis hangs, by 503 where they need it, and go on after', async () => {
  const people = new People(amphi);
  const who = await people.signUp('ann');
  const { meetingId } = await createMeeting(amphi.base);
  const { eventId } = await amphi.createEvent();
  const body = { email: who.user.email, password: PASSWORD };
  const needRedis: [string, string, (object | undefined)?, string?][] = [
    ['POST', '/api/sessions', body],
    ['GET', '/api/users/me', undefined, who.token],
    ['POST', '/api/meetings', { title: 'x' }, who.token],
    ['GET', `/api/meetings/${meetingId}`, undefined, who.token],
    ['DELETE', `/api/meetings/${meetingId}`, undefined, who.token],
    ['GET', `/api/play/${eventId}`],
    ['GET', `/api/events/${eventId}`, undefined, ADMIN_TOKEN],
  ];
  const ask = async ([method, path, sent, token]: (typeof needRedis)[number]) => {
    const answer = await fetch(`${amphi.base}${path}`, {
      method,
      headers: {
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { code, detail } = (await answer.json()) as ProblemView;
    return { path, status: answer.status, code, detail };
  };
  const device = await people.device(who);
  process.kill(redisPid, 'SIGSTOP');
  device.say({ type: 'messages-seen', with: who.user.userId, ref: 'm' });
  const answers = await Promise.all(needRedis.map(ask));
  for (const answer of answers) expect(answer).toMatchObject({ status: 503, code: 'unavailable' });
  // What does not need it is answered as ever.
  expect((await fetch(`${amphi.base}/api/info`)).status).toBe(200);
  expect((await device.next('error')).code).toBe('unavailable');
  process.kill(redisPid, 'SIGCONT');
  await until('the API to go on', async () => (await ask(needRedis[1]!)).status === 200, 30_000);
});
