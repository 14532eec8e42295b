import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Instance, type ProcessStatus, seedDatabase, until } from '#support';

const run = promisify(execFile);
const AMPHI = join(import.meta.dirname, '..', '..', 'config', 'amphi.mjs');

const isAlive = (pid: number | undefined) => {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'amphi-test-'));
  await seedDatabase(folder);
  return folder;
}

/** Runs the command line to its end; resolves with its code and what it said. */
async function amphi(args: string[], env: Record<string, string>) {
  try {
    const { stdout, stderr } = await run(process.execPath, [AMPHI, ...args], {
      env: { ...process.env, ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('a running Amphi', () => {
  let instance: Instance;
  let processes: ProcessStatus[];

  beforeAll(async () => {
    instance = await Instance.start();
    processes = await instance.processes();
  });

  afterAll(async () => {
    await instance.stop();
  });

  it('has a process for every role', () => {
    expect(processes.map(({ name }) => name).sort()).toEqual([
      'api',
      'callserver',
      'database',
      'edge',
      'ingest',
      'origin',
      'redis',
      'transcode.0',
      'transcode.1',
    ]);
  });

  it('refuses a second one on the same data folder', async () => {
    const { code, stderr } = await amphi(['start'], { AMPHI_DATA_DIR: instance.dataDir });
    expect(code).toBe(69);
    expect(stderr).toContain('another Amphi uses the data folder');
  });

  it('keeps secrets from others on the machine, and out of its log', async () => {
    const { mode } = await stat(join(instance.dataDir, 'keys', 'cluster-secret'));
    expect(mode & 0o077).toBe(0);
    const secret = (
      await readFile(join(instance.dataDir, 'keys', 'cluster-secret'), 'utf8')
    ).trim();
    const { source } = await instance.createEvent();
    expect(instance.log.join('\n')).not.toContain(secret);
    expect(instance.log.join('\n')).not.toContain(source.streamKey);
  });

  it('says what it needs to be ready, dependency by dependency', async () => {
    const response = await fetch(`${instance.base}/readyz`);
    expect(response.status).toBe(200);
    const { ready, dependencies } = (await response.json()) as {
      ready: boolean;
      dependencies: Record<string, { ok: boolean }>;
    };
    expect(ready).toBe(true);
    expect(Object.keys(dependencies)).toEqual([
      'database',
      'redis',
      'ingest',
      'transcode',
      'origin',
    ]);
  });

  it.each(['redis', 'database'])('says so when %s hangs, and media does not wait', async (name) => {
    const pid = await instance.pid(name);
    const signal = AbortSignal.timeout(10_000);
    const media = () => fetch(`${instance.base}/hls/nobody/master.m3u8`, { signal });
    await Promise.all([media(), fetch(`${instance.base}/readyz`, { signal })]);
    process.kill(pid, 'SIGSTOP');
    try {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const at = performance.now();
      expect((await media()).status).toBe(404);
      expect(performance.now() - at).toBeLessThan(2_000);
      const response = await fetch(`${instance.base}/readyz`, { signal });
      expect(response.status).toBe(503);
      const { dependencies } = (await response.json()) as { dependencies: object };
      expect(dependencies).toMatchObject({ [name]: { ok: false, reason: 'does not answer' } });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('readiness', async () => (await fetch(`${instance.base}/readyz`)).ok);
  });

  it.each(['redis', 'database', 'api', 'ingest', 'origin', 'edge', 'transcode.0'])(
    'starts %s again when it is killed, and is ready again',
    async (name) => {
      process.kill(await instance.pid(name), 'SIGKILL');
      await until(`${name} to be back`, async () => {
        const status = (await instance.processes()).find((p) => p.name === name);
        return status !== undefined && status.restarts > 0 && status.pid !== undefined;
      });
      await until('readiness', async () => (await fetch(`${instance.base}/readyz`)).ok);
    },
  );

  it('loses no acknowledged event when the database is killed', async () => {
    const { eventId } = await instance.createEvent({ title: 'Survivor' });
    process.kill(await instance.pid('database'), 'SIGKILL');
    const event = await until('the event', () => instance.event(eventId));
    expect(event.title).toBe('Survivor');
  });

  it('stops in good order and leaves no process behind', async () => {
    const before = await instance.processes();
    instance.process.kill('SIGINT');
    expect(await instance.exited).toBe(0);
    expect(before.filter(({ pid }) => isAlive(pid))).toEqual([]);
  });
});

describe('an Amphi that is killed outright', () => {
  it('takes its processes with it, and the next one starts', async () => {
    const dataDir = await newFolder();
    const first = await Instance.start({ dataDir });
    const before = await first.processes();
    first.process.kill('SIGKILL');
    await until('its processes to be gone', () => before.every(({ pid }) => !isAlive(pid)));
    const second = await Instance.start({ dataDir });
    await second.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});

describe('start-up', () => {
  it.each([
    [
      'a bad value',
      { AMPHI_HTTP_PORT: 'eighty' },
      'http.port (AMPHI_HTTP_PORT): "eighty" is not allowed',
    ],
    [
      'half a certificate',
      { AMPHI_TLS_CERT: '/tmp/cert.pem' },
      'AMPHI_TLS_CERT and AMPHI_TLS_KEY belong together',
    ],
    [
      'an unknown role',
      { AMPHI_ROLES: 'dancer' },
      'roles.0 (AMPHI_ROLES): "dancer" is not allowed',
    ],
    [
      'a configuration file that is not there',
      { AMPHI_CONFIG: '/nowhere.json' },
      'AMPHI_CONFIG names /nowhere.json',
    ],
  ])('ends with code 78 and the reason for %s', async (_what, env, reason) => {
    const { code, stderr } = await amphi(['start'], env);
    expect(code).toBe(78);
    expect(stderr).toContain(reason);
  });

  describe('on a port that is taken', () => {
    let holder: Instance;

    beforeAll(async () => {
      holder = await Instance.start();
    });

    afterAll(async () => {
      await holder.stop();
    });

    it.each([
      ['HTTP', 'AMPHI_HTTP_PORT', 'AMPHI_RTMP_PORT', () => holder.httpPort],
      ['RTMP', 'AMPHI_RTMP_PORT', 'AMPHI_HTTP_PORT', () => holder.rtmpPort],
    ] as const)(
      'ends with one line about %s, and leaves nothing running',
      async (name, variable, other, port) => {
        const dataDir = await newFolder();
        const { code, stdout, stderr } = await amphi(['start'], {
          AMPHI_DATA_DIR: dataDir,
          [variable]: String(port()),
          [other]: '0',
        });
        expect(code).toBe(69);
        expect(stderr).toContain(`amphi: ${name} port ${port()} on 127.0.0.1 is taken`);
        expect(stderr).toContain(`set ${variable} to another port; "npx amphi doctor"`);
        expect(stderr.trim().split('\n')).toHaveLength(1);
        expect(stdout).not.toContain('stack');
        expect(existsSync(join(dataDir, 'run', 'redis.sock'))).toBe(false);
        await rm(dataDir, { recursive: true, force: true });
      },
    );
  });

  it('stops when told so while it is still starting', async () => {
    const dataDir = await newFolder();
    const child = spawn(process.execPath, [AMPHI, 'start'], {
      stdio: 'ignore',
      env: { ...process.env, AMPHI_DATA_DIR: dataDir, AMPHI_HTTP_PORT: '0', AMPHI_RTMP_PORT: '0' },
    });
    await until('its data folder', () => existsSync(join(dataDir, 'run', 'supervisor.sock')));
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
    await rm(dataDir, { recursive: true, force: true });
  });
});
