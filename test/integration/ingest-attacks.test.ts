import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ADMIN_TOKEN,
  attacks,
  encodeFlv,
  Instance,
  Replay,
  RtmpClient,
  residentBytesOf,
  until,
} from '#support';

/** What strangers may send to a real ingest process while somebody publishes to it. */

const MEMORY_BYTES = 150 * 1024 * 1024;
let amphi: Instance;

beforeAll(async () => {
  amphi = await Instance.start({
    env: { AMPHI_ROLES: 'api,ingest,edge', AMPHI_RTMP_MAX_CONNECTIONS_PER_ADDRESS: '200' },
  });
});

afterAll(async () => {
  await amphi?.stop();
});

async function metric(name: string): Promise<number> {
  const response = await fetch(`${amphi.base}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const text = await response.text();
  const lines = text.split('\n').filter((line) => line.startsWith(`amphi_${name}`));
  if (lines.length === 0) throw new Error(`no metric ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

it('malformed sessions of every kind end, the process lives, and another stream loses nothing', async () => {
  const { eventId, source } = await amphi.createEvent();
  const attacked = await amphi.createEvent();
  const tags = await encodeFlv({ size: '320x180', videoKbps: 200, seconds: 6 });
  const camera = await RtmpClient.connect({ port: amphi.rtmpPort });
  expect(await camera.publish(source.streamKey)).toBe('NetStream.Publish.Start');
  const replay = new Replay(camera, tags, { loop: true });
  const pid = await amphi.pid('ingest');
  await until('the event to be live', async () => (await amphi.event(eventId)).status === 'live');
  const before = residentBytesOf(pid);

  for (const attack of [...attacks.FATAL_ATTACKS, ...attacks.BORNE_ATTACKS]) {
    const client = await RtmpClient.connect({ port: amphi.rtmpPort });
    // The one before it on the same key may not be gone yet.
    await attacks.prepare(client, attack, attacked.source.streamKey);
    attack.send(client);
    if (attacks.FATAL_ATTACKS.includes(attack)) await client.closed;
    else client.destroy();
    await until('the source to be free', async () => {
      const [view] = (await amphi.event(attacked.eventId)).sources;
      return attack.after !== 'publish' || view?.health?.connected !== true;
    });
  }

  expect(await amphi.pid('ingest')).toBe(pid);
  expect(residentBytesOf(pid) - before).toBeLessThan(MEMORY_BYTES);
  expect(camera.isOpen).toBe(true);
  const [view] = (await amphi.event(eventId)).sources;
  expect(view?.health).toMatchObject({ connected: true, dropped: 0, jumps: 0 });
  const { sent } = replay;
  await until(
    'all that was sent to have come',
    async () => (await metric('ingest_units_total')) >= sent - 4,
  );
  await until('one connection to be left', async () => (await metric('ingest_connections{')) === 1);
  expect(await metric('ingest_publishers{')).toBe(1);
  expect(await metric('ingest_publishes_total')).toBeGreaterThan(10);
  expect(await metric('program_on_air{')).toBe(1);
  replay.stop();
  camera.destroy();
});

it('idle connections are closed by rule, and no more are held than configured', async () => {
  const limit = 200;
  const clients = await Promise.all(
    Array.from({ length: limit + 20 }, () => RtmpClient.connect({ port: amphi.rtmpPort })),
  );
  await until('the last to be turned away', () => clients.filter((c) => !c.isOpen).length >= 20);
  expect(await metric('ingest_connections_refused_total')).toBeGreaterThanOrEqual(20);
  await Promise.all(clients.map((client) => client.closed));
  await until('all to be gone', async () => (await metric('ingest_connections{')) === 0);
});
