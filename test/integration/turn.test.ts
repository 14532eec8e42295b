import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, Instance, TurnClient, until } from '#support';

const HOST = '127.0.0.1';
const [UNAUTHORIZED, FORBIDDEN] = [401, 403];

const hasCoturn = (): boolean => {
  try {
    execFileSync('turnserver', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const skipped = !hasCoturn();
if (skipped) console.warn('turn: skipped, since coturn is not installed');

const start = (port: number) =>
  Instance.start({
    env: {
      AMPHI_ROLES: 'callserver',
      AMPHI_TURN_SERVER: 'auto',
      AMPHI_TURN_PORT: String(port),
      AMPHI_TURN_RELAY_PORT: '20000',
    },
  });

describe.skipIf(skipped)('the TURN server beside the call server', () => {
  let amphi: Instance;
  let port: number;

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    amphi = await start(port);
  });

  afterAll(() => amphi?.stop());

  const secret = () => readFileSync(join(amphi.dataDir, 'keys', 'turn-secret'), 'utf8').trim();

  async function client(sign = secret(), seconds = 60): Promise<TurnClient> {
    const username = `${Math.floor(Date.now() / 1000) + seconds}:test`;
    const credential = createHmac('sha1', sign).update(username).digest('base64');
    return TurnClient.open({ address: HOST, port }, { username, credential });
  }

  it("keeps its secret in files that are its owner's alone", async () => {
    const conf = join(amphi.dataDir, 'run', 'turnserver.conf');
    expect(readFileSync(conf, 'utf8')).toContain(`static-auth-secret=${secret()}\n`);
    for (const path of [conf, join(amphi.dataDir, 'keys', 'turn-secret')]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    const commandLine = readFileSync(`/proc/${await amphi.pid('turn')}/cmdline`, 'utf8');
    expect(commandLine).toContain('turnserver');
    expect(commandLine).not.toContain(secret());
    expect(amphi.log.join('\n')).not.toContain(secret());
  });

  it('relays for who has credentials that hold, and for nobody else', async () => {
    const right = await client();
    expect(await right.allocate()).toMatchObject({ address: HOST });
    right.close();
    for (const wrong of [await client('another secret'), await client(secret(), -60)]) {
      expect(await wrong.allocate()).toBe(UNAUTHORIZED);
      wrong.close();
    }
  });

  it('relays to the call server, and to no other address', async () => {
    const relay = await client();
    await relay.allocate();
    expect(await relay.permit(HOST)).toBeUndefined();
    for (const address of ['10.0.0.1', '127.0.0.2', '169.254.169.254', '192.168.1.1', '8.8.8.8']) {
      expect([address, await relay.permit(address)]).toEqual([address, FORBIDDEN]);
    }
    expect(await relay.permit('224.0.0.1')).toBe(FORBIDDEN);
    relay.close();
  });

  it('comes back when it dies, and goes with Amphi', async () => {
    const pid = await amphi.pid('turn');
    process.kill(pid, 'SIGKILL');
    await until('another one', async () => {
      const again = (await amphi.processes()).find(({ name }) => name === 'turn')?.pid;
      return again !== undefined && again !== pid;
    });
    const last = await amphi.pid('turn');
    await until('it to answer', async () => {
      const relay = await client();
      const answer = await relay.allocate().finally(() => relay.close());
      return typeof answer === 'object';
    });
    await amphi.stop();
    expect(() => process.kill(last, 0)).toThrow('ESRCH');
  });

  it('is not there where its port is taken: the log says so, and Amphi goes on', async () => {
    const taken = createServer().listen(port, HOST);
    await once(taken, 'listening');
    const other = await start(port);
    try {
      const line = other.log.find((one) => one.includes('no TURN server'));
      expect(line).toContain(`${HOST}:${port}, EADDRINUSE`);
      expect((await other.processes()).map(({ name }) => name)).not.toContain('turn');
    } finally {
      await other.stop();
      taken.close();
    }
  });
});
