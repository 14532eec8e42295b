import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AmphiError, type Closable, Disposer, type Logger, messageOf } from '#base';
import type { Config } from '#config';
import {
  type Listener,
  listen,
  type Metrics,
  sendJson,
  sendProblem,
  viewerAddress,
} from '#platform';
import { LeanHttp } from '../http/lean/server.ts';
import { NodeExchange } from '../http/node-exchange.ts';
import { originForm } from '../http/request-target.ts';
import type { Relay } from '../relay/relay.ts';
import { Certificate } from './certificate.ts';
import { Connections } from './connections.ts';
import { type MetricsPageOptions, sendMetrics } from './metrics-page.ts';
import { NodeProxy } from './proxy.ts';

export interface FrontOptions {
  config: Pick<Config, 'http' | 'host'>;
  relay: Relay;
  /** Base of the API's internal address; undefined where there is no API. */
  api: () => Promise<string | undefined>;
  /** Base of the call server's internal address for a request with this path; undefined where there is none. */
  callServer: (path: string) => Promise<string | undefined>;
  metrics: Metrics;
  metricsPage: MetricsPageOptions;
  log: Logger;
}

const HEAD_MS = 10_000;
const REQUEST_MS = 30_000;
const KEEP_ALIVE_MS = 20_000;
/**
 * A connection on which nothing happens for so long ends: idle, or taking
 * nothing of what there is to take. Longer than any request is held.
 */
const QUIET_MS = 30_000;
const CHECK_EVERY_MS = 2_000;
const MAX_HEADERS = 100;
const MAX_STREAMS = 200;
const PREFLIGHT_SECONDS = 86_400;

/**
 * The one public HTTP port. Media is answered here, by the relay; everything
 * else goes to the API behind, so the picture goes on when the API restarts.
 */
export class Front implements Closable {
  readonly #options: FrontOptions;
  readonly #api: NodeProxy;
  readonly #callServer: NodeProxy;
  readonly #connections: Connections;
  readonly #disposer = new Disposer();
  #lean: LeanHttp | undefined;
  #listener: Listener | undefined;

  private constructor(options: FrontOptions) {
    const { config, api, callServer } = options;
    const { trustProxy, maxConnectionsPerAddress } = config.http;
    this.#options = options;
    const secure = config.http.tlsCert !== undefined && config.http.tlsKey !== undefined;
    this.#api = new NodeProxy({ name: 'API', base: api, trustProxy, secure });
    this.#callServer = new NodeProxy({
      name: 'call server',
      base: callServer,
      trustProxy,
      secure,
    });
    // Behind proxies all viewers share a few addresses.
    const perAddress = trustProxy > 0 ? Number.POSITIVE_INFINITY : maxConnectionsPerAddress;
    this.#connections = new Connections(perAddress);
  }

  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(options);
    const { http, host } = options.config;
    const server = front.#createServer();
    server.maxConnections = http.maxConnections;
    front.#connections.watch(server);
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      front.#upgrade(req, socket as Socket, head);
    });
    front.#measure();
    try {
      front.#listener = await listen(server, { host, port: http.port });
    } catch (cause) {
      await front.close();
      throw new AmphiError('unavailable', {
        detail: `cannot listen for HTTP on ${host}:${http.port}: ${messageOf(cause)}`,
        cause,
      });
    }
    return front;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async close(): Promise<void> {
    await this.#disposer.close();
    await this.#listener?.close();
  }

  #createServer(): Server {
    const { tlsCert, tlsKey } = this.#options.config.http;
    if (tlsCert !== undefined && tlsKey !== undefined) {
      return this.#createSecureServer({ cert: tlsCert, key: tlsKey });
    }
    const server = createServer(
      {
        headersTimeout: HEAD_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: CHECK_EVERY_MS,
        noDelay: true,
      },
      (req, res) => this.#handle(req, res),
    );
    server.timeout = QUIET_MS;
    server.maxHeadersCount = MAX_HEADERS;
    const { relay, config } = this.#options;
    this.#lean = this.#disposer.add(
      new LeanHttp(server, relay, {
        headMs: HEAD_MS,
        quietMs: QUIET_MS,
        trustProxy: config.http.trustProxy,
      }),
    );
    return server;
  }

  /** HTTP/2 and HTTP/1.1 over TLS; the compatibility layer has the same request and response. */
  #createSecureServer(files: { cert: string; key: string }): Server {
    const certificate = this.#disposer.add(new Certificate(files, this.#options.log));
    const server = createSecureServer(
      {
        ...certificate.read(),
        allowHTTP1: true,
        settings: { maxConcurrentStreams: MAX_STREAMS },
        headersTimeout: HEAD_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      } as Parameters<typeof createSecureServer>[0],
      (req, res) => {
        if (req.httpVersionMajor >= 2) res.stream.setTimeout(QUIET_MS, () => res.stream.close());
        this.#handle(req as unknown as IncomingMessage, res as unknown as ServerResponse);
      },
    );
    server.on('session', (session: ServerHttp2Session) => {
      session.setTimeout(QUIET_MS, () => session.close());
    });
    server.setTimeout(QUIET_MS);
    certificate.watch(server);
    return server as unknown as Server;
  }

  #upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    // Nothing may unwind the process because a viewer has gone.
    socket.on('error', () => socket.destroy());
    const url = originForm(req.url ?? '/');
    if (req.headers.upgrade?.toLowerCase() === 'websocket' && url !== undefined) {
      req.url = url;
      socket.setTimeout(0);
      this.#api.upgrade(req, socket, head);
      return;
    }
    // Another protocol is offered, often HTTP/2 in clear: nobody has to take it (RFC 9110 7.8).
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', () => socket.end());
    if (isBodyless(req)) this.#handle(req, res);
    else sendProblem(res, new AmphiError('bad_request', 'send the body without an upgrade'));
  }

  #handle(req: IncomingMessage, res: ServerResponse): void {
    const url = originForm(req.url ?? '/');
    if (url === undefined) {
      sendProblem(res, new AmphiError('bad_request', 'the address does not begin with a slash'));
      return;
    }
    req.url = url;
    if (url.startsWith('/hls/')) {
      this.#media(req, res);
    } else if (url === '/healthz') {
      sendJson(res, { status: 'up' });
    } else if (url === '/metrics') {
      sendMetrics(req, res, this.#options.metricsPage).catch((error) => sendProblem(res, error));
    } else if (req.method === 'TRACE' || req.method === 'CONNECT') {
      sendProblem(res, new AmphiError('method_not_allowed'));
    } else if (/^\/internal(?:\/|$)/i.test(url)) {
      // What nodes say to each other does not come in by the public door.
      sendProblem(res, new AmphiError('not_found'));
    } else if (url.startsWith('/whip/') || url.startsWith('/whep/')) {
      this.#callServer.pass(req, res);
    } else {
      this.#api.pass(req, res);
    }
  }

  #media(req: IncomingMessage, res: ServerResponse): void {
    switch (req.method) {
      case 'GET':
      case 'HEAD': {
        const { trustProxy } = this.#options.config.http;
        const forwarded = req.headers['x-forwarded-for'];
        const address = viewerAddress(
          req.socket.remoteAddress ?? 'unknown',
          typeof forwarded === 'string' ? forwarded : undefined,
          trustProxy,
        );
        this.#options.relay.handle(new NodeExchange(req, res, address));
        return;
      }
      case 'OPTIONS':
        preflight(res);
        return;
      default:
        res.setHeader('allow', 'GET, HEAD, OPTIONS');
        sendProblem(res, new AmphiError('method_not_allowed'));
    }
  }

  #measure(): void {
    const { metrics } = this.#options;
    metrics.gauge({
      name: 'http_connections',
      help: 'Connections on the public port.',
      read: () => this.#connections.open,
    });
    metrics.total({
      name: 'http_connections_refused_total',
      help: 'Connections that were over a limit.',
      read: () => this.#connections.refused,
    });
    metrics.total({
      name: 'http_connections_handed_over_total',
      help: 'Connections that asked for something else than media, in plain HTTP/1.1.',
      read: () => this.#lean?.handedOver ?? 0,
    });
  }
}

/** Node.js does not read a body behind an upgrade. */
const isBodyless = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

function preflight(res: ServerResponse): void {
  res.writeHead(204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': 'Authorization, Range, If-None-Match',
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  });
  res.end();
}
