import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type AmphiError, isAmphiError, randomId, silentLogger } from '#base';
import {
  Pipe,
  Router,
  type Session,
  SessionResources,
  WorkerProcess,
  type WorkerSettings,
} from '#callserver';
import { freePorts } from './ports.ts';

/** The worker runs from the build, also when the tests run from the sources. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/dist\/?$/, '');
const ENTRY = `${ROOT}dist/callserver/worker/main.js`;
const LOOPBACK = '127.0.0.1';
const SECRET_CHARACTERS = 32;

const startWorkerAt = (address: string, port: number, further: Partial<WorkerSettings> = {}) =>
  WorkerProcess.start({
    settings: {
      port,
      bindAddress: address,
      announcedAddresses: [address],
      announcedPort: port,
      tcp: false,
      ...further,
    },
    logger: silentLogger,
    entry: ENTRY,
  });

interface Branch {
  worker: WorkerProcess;
  router: Router;
}

/**
 * A call-server worker with one router, and in front of it the least of HTTP
 * that a browser needs to publish to it (`/whip`) and to play from it (`/whep`).
 * When it is full, further workers take who wants to play, by pipes from it.
 */
export class CallServerStage {
  /** UDP. */
  readonly port: number;
  #worker: WorkerProcess;
  #router: Router;
  #stopped = false;
  readonly #branches: Promise<Branch>[] = [];
  readonly sessions = new Map<string, Session>();
  readonly #resources = new SessionResources();
  readonly #server: Server;

  readonly #address: string;

  private constructor(worker: WorkerProcess, address: string, port: number, router: Router) {
    this.#address = address;
    this.#worker = worker;
    this.port = port;
    this.#router = router;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        const known = isAmphiError(error) ? (error as AmphiError) : undefined;
        response.writeHead(known?.status ?? 500, { 'content-type': 'application/problem+json' });
        response.end(JSON.stringify({ code: known?.code ?? 'internal', detail: String(error) }));
      });
    });
  }

  static async start(
    options: {
      address?: string;
      port?: number;
      announcedPort?: number;
      revive?: boolean;
      tcp?: boolean;
      relayPort?: number;
    } = {},
  ): Promise<CallServerStage> {
    const [free = 0, http = 0] = await freePorts(2);
    const { address = LOOPBACK, port = free, announcedPort = port, revive = false } = options;
    const startWorker = () =>
      startWorkerAt(address, port, {
        announcedPort,
        tcp: options.tcp ?? false,
        ...(options.relayPort === undefined ? {} : { relayPort: options.relayPort }),
      });
    const worker = await startWorker();
    const stage = new CallServerStage(worker, address, port, await Router.create(worker));
    if (revive) stage.#revive(startWorker);
    stage.#server.listen(http, address);
    await once(stage.#server, 'listening');
    return stage;
  }

  /** Starts another worker when the one there is dies. */
  #revive(startWorker: () => Promise<WorkerProcess>): void {
    this.#worker.exited.then(async () => {
      if (this.#stopped) return;
      this.#worker = await startWorker();
      this.#router = await Router.create(this.#worker);
      this.#revive(startWorker);
    });
  }

  get worker(): WorkerProcess {
    return this.#worker;
  }

  get router(): Router {
    return this.#router;
  }

  get base(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const host = this.#address.includes(':') ? `[${this.#address}]` : this.#address;
    return `http://${host}:${address.port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind = '', sessionId] = (request.url ?? '').split('/');
    if (request.method === 'GET' && kind === '') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>stage</title><body></body>');
    } else if (kind === 'sessions' && sessionId !== undefined) {
      await this.#resources.resource(request, response, sessionId);
    } else {
      await this.#resources.endpoint(request, response, async (offer) => {
        const session = await (kind === 'whip' ? this.router.publish(offer) : this.#play(offer));
        this.sessions.set(session.id, session);
        session.on('closed', () => this.sessions.delete(session.id));
        return { session, path: `/sessions/${session.id}` };
      });
    }
  }

  /** In the first worker that has room. */
  async #play(offer: string): Promise<Session> {
    let router = this.router;
    for (let n = 0; ; n++) {
      try {
        return await router.play(offer);
      } catch (error) {
        if (!isAmphiError(error, 'too_many')) throw error;
      }
      const branch = this.#branches[n] ?? this.#branch();
      this.#branches[n] = branch;
      ({ router } = await branch);
    }
  }

  async #branch(): Promise<Branch> {
    const [port = 0] = await freePorts(1);
    const worker = await startWorkerAt(this.#address, port);
    const router = await Router.create(worker);
    // Their address need not be loopback: then a pipe is sealed.
    const pipe = await Pipe.open(this.router, router, { secret: randomId(SECRET_CHARACTERS) });
    for (const producer of this.router.producers) await pipe.carry(producer);
    return { worker, router };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#server.closeAllConnections();
    this.#server.close();
    await this.worker.close();
    for (const branch of this.#branches) await (await branch).worker.close();
  }
}
