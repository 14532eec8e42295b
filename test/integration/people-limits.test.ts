import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '#platform/sql';
import { Instance } from '#support';
import { People, type SignedIn } from './people-rig.ts';

let amphi: Instance;
let people: People;

beforeAll(async () => {
  amphi = await Instance.start({ env: { AMPHI_ROLES: 'api' } });
  people = new People(amphi);
});

afterAll(async () => {
  await amphi?.stop();
});

describe('an account', () => {
  it('makes 100 meetings an hour, and has 5,000 that are not over, and not one more', async () => {
    const [quick, full] = [await people.signUp('quick'), await people.signUp('full')];
    const make = ({ token }: SignedIn) =>
      people.call('POST', '/api/meetings', { body: { title: 'x' }, token });
    const many = await Promise.all(Array.from({ length: 101 }, () => make(quick)));
    expect(many.filter(({ status }) => status === 201)).toHaveLength(100);
    const refused = many.find(({ status }) => status !== 201);
    expect(refused).toMatchObject({ status: 429, code: 'too_many' });
    expect(Number(refused?.retryAfter)).toBeGreaterThan(3_000);

    const database = await openDatabase(`unix:${join(amphi.dataDir, 'run', 'postgres.sock')}`);
    await database.db.execute(
      `insert into meetings
         (meeting_id, title, owner_id, host_key_hash, settings, banned, duration_minutes, ended_at)
       select 'test-' || n, 'x', '${full.user.userId}', '', '{}', '[]', 60,
         case when n > 4999 then now() end
       from generate_series(1, 5100) as n`,
    );
    await database.close();
    expect(
      (await Promise.all([make(full), make(full)])).map(({ status }) => status).sort(),
    ).toEqual([201, 429]);
  });

  it('is told to come again when too many passwords are to be looked at', async () => {
    const body = { title: 'x', settings: { password: 'of the meeting' } };
    const many = await Promise.all(
      Array.from({ length: 120 }, () => amphi.fetchApi('POST', '/api/meetings', body)),
    );
    const done = many.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThanOrEqual(32);
    const refused = many.filter((answer) => !done.includes(answer));
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers } of refused) {
      expect([status, headers.get('retry-after')]).toEqual([503, '3']);
    }
  });
});
