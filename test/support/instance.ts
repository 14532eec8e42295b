import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CreateEvent, EventView, NewSource } from '#contracts';
import { freePorts } from './ports.ts';
import { seedDatabase } from './seed.ts';
import { until } from './wait.ts';

/** The project's root: `test/support` lies two folders below it, built or not. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/dist\/?$/, '');
export const ADMIN_TOKEN = 'admin-token-of-the-tests';

export interface InstanceOptions {
  /** Further environment variables, e.g. `AMPHI_ROLES`. */
  env?: Record<string, string>;
  /** A data folder to use again; a new one that is removed at the end when left out. */
  dataDir?: string;
  /** A port of another instance's to take over. */
  httpPort?: number;
  rtmpPort?: number;
  /** Ends the wait for readiness early when it does not start. */
  expectFailure?: boolean;
}

export interface ProcessStatus {
  name: string;
  pid: number | undefined;
  restarts: number;
}

/** A real Amphi in processes of its own, as `amphi start` runs it. */
export class Instance {
  readonly process: ChildProcess;
  readonly httpPort: number;
  readonly rtmpPort: number;
  readonly dataDir: string;
  readonly #ownsFolder: boolean;
  readonly #lines: string[] = [];
  readonly exited: Promise<number | null>;

  private constructor(
    process: ChildProcess,
    httpPort: number,
    rtmpPort: number,
    dataDir: string,
    ownsFolder: boolean,
  ) {
    this.process = process;
    this.httpPort = httpPort;
    this.rtmpPort = rtmpPort;
    this.dataDir = dataDir;
    this.#ownsFolder = ownsFolder;
    this.exited = new Promise((resolve) => process.once('exit', (code) => resolve(code)));
    for (const stream of [process.stdout, process.stderr]) {
      let rest = '';
      stream?.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        this.#lines.push(...lines);
      });
    }
  }

  static async start(options: InstanceOptions = {}): Promise<Instance> {
    const [freeHttp = 0, freeRtmp = 0] = await freePorts(2);
    const httpPort = options.httpPort ?? freeHttp;
    const rtmpPort = options.rtmpPort ?? freeRtmp;
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'amphi-test-')));
    if (options.dataDir === undefined) await seedDatabase(dataDir);
    const child = spawn(process.execPath, [join(ROOT, 'config', 'amphi.mjs'), 'start'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        AMPHI_HTTP_PORT: String(httpPort),
        AMPHI_RTMP_PORT: String(rtmpPort),
        AMPHI_MEDIA_PORT: '0',
        AMPHI_TURN_SERVER: 'off',
        AMPHI_DATA_DIR: dataDir,
        AMPHI_ADMIN_TOKEN: ADMIN_TOKEN,
        ...options.env,
      },
    });
    const instance = new Instance(
      child,
      httpPort,
      rtmpPort,
      dataDir,
      options.dataDir === undefined,
    );
    if (options.expectFailure) return instance;
    const early = instance.exited.then((code) => {
      throw new Error(`Amphi ended with code ${code}:\n${instance.log.slice(-30).join('\n')}`);
    });
    early.catch(() => {});
    await Promise.race([
      until(
        'Amphi to be ready',
        () => instance.log.some((l) => l.includes('"msg":"ready"')),
        100_000,
      ),
      early,
    ]);
    return instance;
  }

  get base(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get log(): readonly string[] {
    return this.#lines;
  }

  /** A call of the API with the admin token. Throws with the answer's text when it is not a success. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetchApi(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  fetchApi(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A new event with one source, and where to publish to. */
  async createEvent(
    event: Partial<CreateEvent> = {},
  ): Promise<{ eventId: string; source: NewSource; rtmpUrl: string }> {
    const made = await this.api<{ eventId: string; sources: NewSource[] }>('POST', '/api/events', {
      title: 'Test event',
      visibility: 'public',
      ...event,
    });
    const source = made.sources[0];
    if (source === undefined) throw new Error('an event without a source');
    return { eventId: made.eventId, source, rtmpUrl: this.rtmpUrl(source.streamKey) };
  }

  rtmpUrl(streamKey: string): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/live/${streamKey}`;
  }

  event(eventId: string): Promise<EventView> {
    return this.api('GET', `/api/events/${eventId}`);
  }

  /** What the supervisor says of its processes. */
  processes(): Promise<ProcessStatus[]> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(join(this.dataDir, 'run', 'supervisor.sock'));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.once('error', reject);
      socket.once('end', () =>
        resolve((JSON.parse(text) as { processes: ProcessStatus[] }).processes),
      );
    });
  }

  async pid(name: string): Promise<number> {
    const found = (await this.processes()).find((p) => p.name === name);
    if (found?.pid === undefined) throw new Error(`no process ${name}`);
    return found.pid;
  }

  /** Stops it in good order and removes its folder. Returns the exit code. */
  async stop(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      this.process.kill('SIGTERM');
    const code = await this.exited;
    if (this.#ownsFolder) await rm(this.dataDir, { recursive: true, force: true });
    return code;
  }
}
