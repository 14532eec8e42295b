import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contact } from '#contracts';
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

describe('who asks for a contact', () => {
  const list = async ({ token }: SignedIn) =>
    ((await people.call('GET', '/api/contacts', { token })).value as { items: Contact[] }).items;
  const remove = ({ token }: SignedIn, { userId }: Contact) =>
    people.call('DELETE', `/api/contacts/${userId}`, { token });

  it('cannot tell whether there is such an account, whatever the other does but accept', async () => {
    const [zoe, there] = [await people.signUp('zoe'), await people.signUp('there')];
    const device = await people.device(zoe);
    const seen = async (name: string) => {
      const answer = await people.ask(zoe, name);
      await device.next('contacts-changed');
      const [found] = (await list(zoe)).filter(({ displayName }) => displayName.startsWith(name));
      const { userId = '', ...shown } = found ?? {};
      const to = userId;
      const tried = [
        await people.change(zoe, { ...zoe, user: { ...zoe.user, userId } }, 'accepted'),
        await people.change(zoe, { ...zoe, user: { ...zoe.user, userId } }, 'blocked'),
        await people.ask(zoe, name),
      ].map(({ status, value }) => ({ status, value }));
      const refused = await device.refusal({ type: 'call', to, media: 'audio' });
      await device.next('contacts-changed');
      await device.settled();
      const heard = device.events.splice(0);
      const text = JSON.stringify({ answer, shown, tried, refused, heard, id: userId.length });
      return text.replaceAll(name, 'NAME');
    };
    const known = await seen('there');
    expect(await seen('nowhere')).toBe(known);

    // Declined, or blocked: the same list as before, and no sign.
    const before = await list(zoe);
    const [asked] = await list(there);
    expect(asked).toMatchObject({ displayName: 'zoe', state: 'asked' });
    await remove(there, asked!);
    await device.settled();
    expect([await list(zoe), await list(there)]).toEqual([before, []]);
    for (const one of before) {
      expect((await remove(zoe, one)).status).toBe(200);
      await device.next('contacts-changed');
    }
    expect(await list(zoe)).toEqual([]);
    await people.ask(zoe, 'there');
    await device.next('contacts-changed');
    await people.change(there, zoe, 'blocked');
    // Told by the same way, and later: what there is to hear is heard by then.
    await people.ask(zoe, 'nowhere');
    await device.next('contacts-changed');
    await device.settled();
    expect(device.events.filter(({ type }) => type === 'contacts-changed')).toEqual([]);
  });

  it('has asked whoever comes to have that address', async () => {
    const xia = await people.signUp('xia');
    await people.ask(xia, 'yan');
    const [before] = await list(xia);
    const yan = await people.signUp('yan');
    expect(await list(xia)).toEqual([before]);
    expect(await list(yan)).toMatchObject([{ displayName: 'xia', state: 'asked' }]);
    await people.change(yan, xia, 'accepted');
    expect(await list(xia)).toMatchObject([
      { userId: yan.user.userId, displayName: 'yan', state: 'accepted' },
    ]);
  });

  it('asks 100 times an hour, and not once more', async () => {
    const wim = await people.signUp('wim');
    const asks = await Promise.all(Array.from({ length: 101 }, (_, i) => people.ask(wim, `n${i}`)));
    expect(asks.filter(({ status }) => status === 204)).toHaveLength(100);
    expect(asks.find(({ status }) => status !== 204)).toMatchObject({ code: 'too_many' });
  });
});

describe('an account', () => {
  it('has one measure of what it may say, for all of its devices', async () => {
    const vic = await people.signUp('vic');
    const devices = [await people.device(vic), await people.device(vic)];
    // Less than two mebibytes from each.
    for (let i = 0; i < 14; i++) devices[i % 2]!.socket.send('x'.repeat(256 * 1024));
    expect(await Promise.race(devices.map(({ closed }) => closed))).toBe(1008);
  });

  it('reads 120 pages of what was written in a minute, and not one more', async () => {
    const uma = await people.signUp('uma');
    const device = await people.device(uma);
    const ask = { type: 'message-history', with: uma.user.userId } as const;
    for (let i = 0; i < 120; i++) {
      device.say(ask);
      await device.next('message-history');
    }
    expect(await device.refusal(ask)).toBe('too_many');
  });

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
    // A password takes 25 ms, a request some two: 32 would wait even if they came ten times as slowly.
    const many = await Promise.all(
      Array.from({ length: 300 }, () => amphi.fetchApi('POST', '/api/meetings', body)),
    );
    const done = many.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThanOrEqual(32);
    const refused = many.filter((answer) => !done.includes(answer));
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers } of refused) {
      expect([status, headers.get('retry-after')]).toEqual([503, '3']);
    }
  }, 180_000);
});
