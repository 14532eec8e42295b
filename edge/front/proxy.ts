import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { AmphiError, isAmphiError } from '#base';
import { sendProblem } from '#platform';

/** The way from the public port to a node behind it: requests and WebSockets. */

export interface ProxyOptions {
  /** What is behind, for people. */
  name: string;
  /** Base of its internal address for a request with this path, or of a parent that knows the way; undefined where there is neither. */
  base: (path: string) => Promise<string | undefined>;
  /** Reverse proxies in front that are trusted for X-Forwarded-* headers. */
  trustProxy: number;
  secure: boolean;
}

const ANSWER_TIMEOUT_MS = 60_000;
/** Seconds after which a client may try again while the API is away. */
const RETRY_AFTER_SECONDS = 1;
const TCP_KEEP_ALIVE_MS = 30_000;

/** RFC 9110 7.6.1, and what only we may say of a request. */
const NOT_PASSED_ON = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'forwarded',
  'x-real-ip',
  'expect',
]);

export class NodeProxy {
  readonly #options: ProxyOptions;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** Passes a request on. Answers 503 while nobody is there. */
  async pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      await this.#pass(await this.#base(req), req, res);
    } catch (error) {
      if (!res.headersSent) {
        res.setHeader('retry-after', RETRY_AFTER_SECONDS);
        if (!req.complete && hasBody(req)) giveUpBody(req, res);
      }
      sendProblem(res, toProblem(this.#options.name, error));
    }
  }

  /** Passes a WebSocket on. */
  async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Nothing may unwind the process because a viewer has gone.
    socket.on('error', () => socket.destroy());
    try {
      await this.#upgrade(await this.#base(req), req, socket, head);
    } catch {
      refuse(socket, 503, 'Service Unavailable');
    }
  }

  async #base({ url = '/' }: IncomingMessage): Promise<string> {
    const { base, name } = this.#options;
    const found = await base(url).catch(() => undefined);
    if (found !== undefined) return found;
    throw new AmphiError('unavailable', `the ${name} is not up; try again in a moment`);
  }

  #pass(base: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const upstream = requestTo(base, req, {
        method: req.method ?? 'GET',
        headers: { ...this.#forwarded(req), ...framing(req) },
      });
      upstream.once('timeout', () => upstream.destroy(new AmphiError('timeout')));
      upstream.once('error', reject);
      upstream.once('response', (answer) => {
        if (!req.complete && hasBody(req)) giveUpBody(req, res);
        res.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
        answer.once('error', () => res.destroy());
        answer.pipe(res);
        resolve();
      });
      res.once('close', () => upstream.destroy());
      if (hasBody(req)) req.pipe(upstream);
      else upstream.end();
    });
  }

  #upgrade(base: string, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const upstream = requestTo(base, req, {
        method: 'GET',
        headers: { ...this.#forwarded(req), connection: 'upgrade', upgrade: 'websocket' },
      });
      upstream.once('timeout', () => upstream.destroy(new AmphiError('timeout')));
      upstream.once('error', reject);
      socket.once('close', () => upstream.destroy());
      upstream.once('response', (answer) => {
        refuse(socket, answer.statusCode ?? 502, answer.statusMessage ?? '');
        answer.resume();
        resolve();
      });
      upstream.once('upgrade', (answer, peer, peerHead) => {
        socket.write(rawHead(answer));
        if (peerHead.length > 0) socket.write(peerHead);
        if (head.length > 0) peer.write(head);
        for (const [from, to] of [
          [socket, peer],
          [peer, socket],
        ] as const) {
          from.on('error', () => to.destroy());
          from.once('close', () => to.destroy());
          from.pipe(to);
        }
        peer.setTimeout(0);
        peer.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
        resolve();
      });
      upstream.end();
    });
  }

  /** The request's headers as the API may believe them: who asked, by what name, over what. */
  #forwarded(req: IncomingMessage): Record<string, string | string[]> {
    const { trustProxy, secure } = this.#options;
    const headers = passedOn(req.headers);
    const address = req.socket.remoteAddress ?? '';
    const isTrusted = trustProxy > 0;
    const before = isTrusted ? headers['x-forwarded-for'] : undefined;
    headers['x-forwarded-for'] = before === undefined ? address : `${String(before)}, ${address}`;
    if (!isTrusted || headers['x-forwarded-proto'] === undefined) {
      headers['x-forwarded-proto'] = secure ? 'https' : 'http';
    }
    const authority = String(req.headers[':authority'] ?? req.headers.host ?? '');
    headers['host'] = authority;
    if (!isTrusted || headers['x-forwarded-host'] === undefined) {
      headers['x-forwarded-host'] = authority;
    }
    return headers;
  }
}

/**
 * Asks the server at this base for the request's own path, byte for byte: read
 * as part of an address, `/x/../internal` would come out as `/internal`.
 */
function requestTo(base: string, req: IncomingMessage, about: RequestOptions): ClientRequest {
  const url = new URL(base);
  const { protocol, hostname, port } = urlToHttpOptions(url);
  const options: RequestOptions & { servername?: string } = {
    protocol,
    hostname,
    port,
    path: `${url.pathname.replace(/\/$/, '')}${req.url ?? '/'}`,
    // A connection of its own: one that is kept could close under a request that may not be repeated.
    agent: false,
    timeout: ANSWER_TIMEOUT_MS,
    ...about,
  };
  if (protocol !== 'https:') return request(options);
  // The certificate is the parent's, while the Host field goes on as the viewer sent it.
  const servername = isIP(hostname ?? '') === 0 ? (hostname ?? '') : '';
  return tlsRequest({ ...options, servername });
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined ||
  (req.httpVersionMajor >= 2
    ? !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(req.method ?? '')
    : Number(req.headers['content-length'] ?? 0) > 0);

/**
 * Answered before the body was through: nobody wants the rest. It is taken and
 * thrown away, so that the peer comes to read its answer, and the connection
 * carries no further request.
 */
function giveUpBody(req: IncomingMessage, res: ServerResponse): void {
  req.unpipe();
  req.resume();
  if (req.httpVersionMajor < 2) res.setHeader('connection', 'close');
}

/**
 * A body is passed on with a length or in chunks, never bare: its bytes would
 * be the next request to the API.
 */
function framing(req: IncomingMessage): Record<string, string> {
  if (!hasBody(req)) return {};
  const length = req.headers['content-length'];
  const isChunked = req.headers['transfer-encoding'] !== undefined || length === undefined;
  return isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': length };
}

/** Fields that are meant for whoever is at the end, not for the next hop. */
function passedOn(fields: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = String(fields.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || name.startsWith(':')) continue;
    if (!NOT_PASSED_ON.has(name) && !named.includes(name)) headers[name] = value;
  }
  return headers;
}

function toProblem(name: string, cause: unknown): AmphiError {
  if (isAmphiError(cause)) return cause;
  // Node.js refuses to write such a head at all.
  if (cause instanceof TypeError) return new AmphiError('bad_request', { cause });
  const detail = `the ${name} does not answer; try again in a moment`;
  return new AmphiError('unavailable', { detail, cause });
}

function rawHead(answer: IncomingMessage): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    text += `${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

function refuse(socket: Duplex, status: number, reason: string): void {
  if (!socket.writable) return;
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n${status === 503 ? `retry-after: ${RETRY_AFTER_SECONDS}\r\n` : ''}\r\n`,
  );
}
