import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import type { Config } from '#config';
import { type Listener, listen, sendJson, sendProblem } from '#platform';
import type { Relay } from './relay/relay.ts';

export interface FrontOptions {
  config: Config;
  relay: Relay;
  /** Base of the API's internal address; undefined where there is no API. */
  api: () => Promise<string | undefined>;
  log: Logger;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 20_000;
/** A response whose bytes nobody takes for so long is given up. */
const STALLED_WRITE_MS = 30_000;

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * The one public HTTP port. Media is answered here, by the relay; everything
 * else goes to the API behind, so the picture goes on when the API restarts.
 */
export class Front implements Closable {
  readonly #options: FrontOptions;
  readonly #perAddress = new Map<string, number>();
  #listener: Listener | undefined;
  refused = 0;

  private constructor(options: FrontOptions) {
    this.#options = options;
  }

  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(options);
    const { http, host } = options.config;
    const server = front.#createServer();
    server.on('connection', (socket: Socket) => front.#admit(socket));
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      front.#upgrade(req, socket, head).catch(() => socket.destroy());
    });
    try {
      front.#listener = await listen(server, { host, port: http.port });
    } catch (cause) {
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
    await this.#listener?.close();
  }

  #createServer(): Server {
    const { tlsCert, tlsKey, maxConnections } = this.#options.config.http;
    const handler = (req: IncomingMessage, res: ServerResponse) => this.#handle(req, res);
    const limits = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    };
    let server: Server;
    if (tlsCert !== undefined && tlsKey !== undefined) {
      // The HTTP/2 compatibility layer has the same request and response.
      server = createSecureServer(
        { cert: readFileSync(tlsCert), key: readFileSync(tlsKey), allowHTTP1: true },
        handler as never,
      ) as unknown as Server;
    } else {
      server = createServer(limits, handler);
    }
    server.maxConnections = maxConnections;
    return server;
  }

  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown';
    const held = this.#perAddress.get(address) ?? 0;
    if (held >= this.#options.config.http.maxConnectionsPerAddress) {
      this.refused++;
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, held + 1);
    // Slow readers: a socket that takes nothing for so long while there is something to take.
    socket.setTimeout(STALLED_WRITE_MS, () => {
      if (socket.writableLength > 0) socket.destroy();
    });
    socket.once('close', () => {
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }

  #handle(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '/';
    if (url.startsWith('/hls/')) {
      if (req.method === 'GET' || req.method === 'HEAD') this.#options.relay.handle(req, res);
      else if (req.method === 'OPTIONS') preflight(res);
      else sendProblem(res, new AmphiError('method_not_allowed'));
      return;
    }
    if (url === '/healthz') {
      sendJson(res, { status: 'up' });
      return;
    }
    this.#proxy(req, res).catch((error) => sendProblem(res, error));
  }

  async #proxy(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const base = await this.#options.api().catch(() => undefined);
    if (base === undefined)
      throw new AmphiError('unavailable', 'the API is not up; try again in a moment');
    const upstream = request(`${base}${req.url}`, {
      method: req.method ?? 'GET',
      headers: this.#forwarded(req),
    });
    upstream.on('error', (cause) => {
      sendProblem(
        res,
        new AmphiError('unavailable', {
          detail: 'the API does not answer; try again in a moment',
          cause,
        }),
      );
    });
    upstream.on('response', (answer) => {
      const headers = Object.fromEntries(
        Object.entries(answer.headers).filter(
          ([name, value]) => value !== undefined && !HOP_BY_HOP.has(name),
        ),
      ) as Record<string, string | string[]>;
      res.writeHead(answer.statusCode ?? 502, headers);
      answer.on('error', () => res.destroy());
      answer.pipe(res);
    });
    res.on('close', () => upstream.destroy());
    req.pipe(upstream);
  }

  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const base = await this.#options.api();
    if (base === undefined) throw new AmphiError('unavailable');
    const upstream = request(`${base}${req.url}`, {
      method: req.method ?? 'GET',
      headers: {
        ...this.#forwarded(req),
        connection: 'upgrade',
        upgrade: req.headers.upgrade ?? '',
      },
    });
    upstream.on('error', () => socket.destroy());
    upstream.on('response', () => socket.destroy());
    upstream.on('upgrade', (answer, peer, peerHead) => {
      const lines = Object.entries(answer.headers).map(
        ([name, value]) => `${name}: ${String(value)}`,
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (peerHead.length > 0) socket.write(peerHead);
      if (head.length > 0) peer.write(head);
      peer.pipe(socket).pipe(peer);
      peer.on('error', () => socket.destroy());
      socket.on('error', () => peer.destroy());
    });
    upstream.end();
  }

  /** The request's headers as the API may believe them: who asked, by what name, over what. */
  #forwarded(req: IncomingMessage): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(req.headers)) {
      if (value !== undefined && !HOP_BY_HOP.has(name) && !name.startsWith(':'))
        headers[name] = value;
    }
    const trusted = this.#options.config.http.trustProxy > 0;
    const before = trusted ? req.headers['x-forwarded-for'] : undefined;
    const address = req.socket.remoteAddress ?? '';
    headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
    const secure = 'encrypted' in req.socket;
    if (!trusted || headers['x-forwarded-proto'] === undefined) {
      headers['x-forwarded-proto'] = secure ? 'https' : 'http';
    }
    const authority = req.headers[':authority'] ?? req.headers.host ?? '';
    headers['host'] = authority;
    if (!trusted || headers['x-forwarded-host'] === undefined)
      headers['x-forwarded-host'] = authority;
    return headers;
  }
}

function preflight(res: ServerResponse): void {
  res.writeHead(204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': 'Authorization, Range',
    'access-control-max-age': '86400',
  });
  res.end();
}
