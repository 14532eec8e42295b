import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { silentLogger } from '#base';
import { loadConfig } from '#config';
import {
  LIVE_CHANNEL,
  LIVE_TTL_SECONDS,
  type LiveState,
  liveKey,
  RENDITION_HEADER,
} from '#contracts';
import { Front, Relay, Upstream } from '#edge';
import {
  connectRedis,
  Metrics,
  NodeRegistry,
  type Redis,
  TokenIssuer,
  TokenVerifier,
} from '#platform';
import {
  cmafInit,
  freePorts,
  Instance,
  type InstanceOptions,
  partAt,
  partIndexAt,
  RedisServer,
  rendition,
  until,
} from '#support';

/** An origin and its public port in processes of their own, fed by the tests instead of a transcoder. */

const SECRET = 'one-secret-for-all-the-nodes-of-the-test';

export class Rig {
  readonly tokens = new TokenIssuer(SECRET);
  readonly amphi: Instance;
  readonly originBase: string;
  readonly #server: RedisServer;
  readonly #redis: Redis;
  readonly #registry: NodeRegistry;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];

  private constructor(
    amphi: Instance,
    originBase: string,
    server: RedisServer,
    redis: Redis,
    registry: NodeRegistry,
  ) {
    this.amphi = amphi;
    this.originBase = originBase;
    this.#server = server;
    this.#redis = redis;
    this.#registry = registry;
  }

  static async start(options: InstanceOptions = {}): Promise<Rig> {
    const server = await RedisServer.start();
    const amphi = await Instance.start({
      ...options,
      env: {
        AMPHI_ROLES: 'api,edge',
        AMPHI_REDIS_URL: server.url,
        AMPHI_CLUSTER_SECRET: SECRET,
        ...options.env,
      },
    });
    const redis = connectRedis(server.url, { log: silentLogger });
    const registry = new NodeRegistry(redis, silentLogger);
    const [origin] = await until('the origin', async () => {
      const found = await registry.find('origin');
      return found.length > 0 && found;
    });
    return new Rig(amphi, origin!.url, server, redis, registry);
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const undo of this.#undo.reverse()) await undo();
    await this.amphi.stop();
    await this.#registry.close();
    this.#redis.disconnect();
    await this.#server.stop();
  }

  /** Says of an event what ingest says, and goes on saying it. */
  async live(eventId: string, change: Partial<LiveState> = {}): Promise<void> {
    const state: LiveState = {
      eventId,
      version: Date.now(),
      status: 'live',
      title: 'A show',
      visibility: 'public',
      dvrSeconds: 60,
      runId: 'run000001',
      startedAt: Date.now(),
      sources: [],
      ...change,
    };
    const text = JSON.stringify(state);
    const say = () => this.#redis.set(liveKey(eventId), text, 'EX', LIVE_TTL_SECONDS);
    await say();
    await this.#redis.publish(LIVE_CHANNEL, text);
    this.#timers.push(setInterval(() => void say().catch(() => {}), 3_000));
  }

  /** A relay behind this base, on a port of its own; returns its base. */
  async relay(parent: string, env: Record<string, string> = {}): Promise<string> {
    const [port = 0] = await freePorts(1);
    const config = loadConfig({
      env: { AMPHI_HTTP_PORT: String(port), ...env },
      cwd: '/nonexistent',
    });
    const metrics = new Metrics({ role: 'edge', node: `relay-${port}` });
    const upstream = new Upstream({
      parents: async () => [parent],
      authorization: async () => `Bearer ${await this.tokens.sign('node', { sub: 'relay' }, 60)}`,
      log: silentLogger,
    });
    const relay = new Relay({
      upstream,
      cacheBytes: 64 << 20,
      tokens: new TokenVerifier(this.tokens),
      metrics,
      log: silentLogger,
    });
    const front = await Front.open({
      config,
      relay,
      api: async () => undefined,
      callServer: async () => undefined,
      metrics,
      metricsPage: { adminToken: 'none', collect: async () => [await metrics.text()] },
      log: silentLogger,
    });
    this.#undo.push(async () => {
      await relay.close();
      await front.close();
      await upstream.close();
    });
    const scheme = env['AMPHI_TLS_CERT'] === undefined ? 'http' : 'https';
    return `${scheme}://127.0.0.1:${port}`;
  }

  /** A push of a rendition that goes on in real time until it is stopped. */
  async pusher(eventId: string, options: PushOptions = {}): Promise<Pusher> {
    const pusher = await Pusher.open(this, eventId, options);
    this.#undo.push(async () => pusher.stop());
    return pusher;
  }
}

export interface PushOptions {
  renditionId?: string;
  runId?: string;
  fence?: number;
  order?: number;
  /** Of the sound and of the picture, each, in a part. */
  bytes?: number;
  /** Begins so many segments ago. */
  backSegments?: number;
  /** Instead of a genuine one. */
  token?: string;
}

export class Pusher {
  readonly #request: ClientRequest;
  readonly answer: Promise<{ status: number; body: string }>;
  #timer: NodeJS.Timeout | undefined;
  #next: number;
  readonly #bytes: number;

  private constructor(req: ClientRequest, next: number, bytes: number) {
    this.#request = req;
    this.#next = next;
    this.#bytes = bytes;
    this.answer = new Promise((resolve, reject) => {
      req.once('error', reject);
      req.once('response', (res: IncomingMessage) => {
        let body = '';
        res.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        res.once('end', () => resolve({ status: res.statusCode ?? 0, body }));
      });
    });
    this.answer.catch(() => {});
  }

  static async open(rig: Rig, eventId: string, options: PushOptions): Promise<Pusher> {
    const { renditionId = '360p', runId = 'run000001', fence = 1, order = 0 } = options;
    const token = options.token ?? (await rig.tokens.sign('push', { sub: eventId, fence }, 3_600));
    const described = rendition({ renditionId, runId, order });
    const req = request(`${rig.originBase}/push/${eventId}/${renditionId}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${token}`,
        [RENDITION_HEADER]: JSON.stringify(described),
        'transfer-encoding': 'chunked',
      },
    });
    const now = partIndexAt(Date.now() * 1000);
    const begin = now - (now % 4) - 4 * (options.backSegments ?? 2);
    return new Pusher(req, begin, options.bytes ?? 2_000);
  }

  /** Index of the part that comes next. */
  get next(): number {
    return this.#next;
  }

  write(bytes: Uint8Array): void {
    this.#request.write(bytes);
  }

  end(): void {
    this.#request.end();
  }

  /** Sends so many parts at once. */
  parts(count: number): void {
    for (let i = 0; i < count; i++) this.write(partAt(this.#next++, this.#bytes).bytes);
  }

  /** Sends everything up to now, and then each part as its time passes. */
  start(): this {
    this.write(cmafInit());
    const step = () => {
      while (this.#next < partIndexAt(Date.now() * 1000)) this.parts(1);
    };
    step();
    this.#timer = setInterval(step, 50);
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#request.destroy();
  }
}
