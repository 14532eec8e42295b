import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import { loadConfig } from '#config';
import { Metrics } from '#platform';
import { freePorts } from '#support';
import type { Exchange } from '../http/exchange.ts';
import { Flow } from '../http/flow.ts';
import type { Relay } from '../relay/relay.ts';
import { Front } from './front.ts';

/** The API behind, which says what it was asked; and a server that nobody may reach through the front. */
let api: Server;
let inner: Server;
let innerAsked: number;
let apiBase: string;
let front: Front;
let folder: string;
let env: Record<string, string>;

const echo = (req: IncomingMessage) => `${req.method} ${req.url} ${req.headers.upgrade ?? ''}`;
const relay = {
  hot: () => undefined,
  handle: (exchange: Exchange) => {
    const body = Buffer.from(`media ${exchange.url}`);
    exchange.send(200, { 'content-length': body.length }, Flow.of([body]));
  },
} as unknown as Relay;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function open(settings: Record<string, string> = {}): Promise<void> {
  const [port = 0] = await freePorts(1);
  front = await Front.open({
    config: loadConfig({
      env: { AMPHI_HTTP_PORT: String(port), ...settings },
      cwd: '/nonexistent',
    }),
    relay,
    api: async () => apiBase,
    callServer: async () => undefined,
    metrics: new Metrics({ role: 'edge', node: 'front' }),
    metricsPage: { adminToken: 'none', collect: async () => [] },
    log: silentLogger,
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'amphi-front-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files], { stdio: 'ignore' });
  env = { AMPHI_TLS_CERT: cert, AMPHI_TLS_KEY: key };
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  innerAsked = 0;
  api = createServer((req, res) => res.end(echo(req)));
  inner = createServer((_req, res) => {
    innerAsked++;
    res.end('secret');
  });
  apiBase = `http://127.0.0.1:${await listening(api)}`;
  await listening(inner);
});

afterEach(async () => {
  await front.close();
  for (const server of [api, inner]) {
    server.closeAllConnections();
    server.close();
  }
  vi.unstubAllEnvs();
});

/** All that comes back over a connection of its own. */
function ask(head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(front.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
    socket.write(`${head}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  });
}

describe('a request target', () => {
  it('in the absolute form is taken like any other', async () => {
    await open();
    expect(await ask('GET http://a/api/info?x=1 HTTP/1.1')).toContain('GET /api/info?x=1');
    expect(await ask('GET http://a/healthz HTTP/1.1')).toContain('"up"');
    expect(await ask('GET http://a/hls/x HTTP/1.1')).toContain('media /hls/x');
    expect(await ask('POST http://a/internal/publish HTTP/1.1')).toContain('404 Not Found');
  });

  it('reaches the API byte for byte: dots do not lead to what is internal', async () => {
    await open();
    for (const path of ['/x/../internal/publish', '/%2e%2e/internal/publish', '/.//internal']) {
      expect(await ask(`POST ${path} HTTP/1.1`)).toContain(`POST ${path}`);
    }
  });

  it('that is none is refused', async () => {
    await open();
    expect(await ask('OPTIONS * HTTP/1.1')).toContain('400 Bad Request');
  });

  it('of another scheme leads to no other server', async () => {
    await open(env);
    const { port } = inner.address() as AddressInfo;
    const session = connect(`https://127.0.0.1:${front.port}`, { rejectUnauthorized: false });
    const statuses: unknown[] = [];
    for (const path of [`@127.0.0.1:${port}/`, '@', '*', '.x']) {
      const stream = session.request({ ':scheme': 'foo', ':path': path });
      statuses.push(
        await new Promise((resolve, reject) => {
          stream.once('response', (headers) => resolve(headers[':status']));
          stream.once('error', reject);
          stream.resume();
        }),
      );
    }
    session.destroy();
    expect(statuses).toEqual([400, 400, 400, 400]);
    expect(innerAsked).toBe(0);
  });
});

describe('an offer of another protocol', () => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk';
  const offered = (line: string, rest = '') =>
    new Promise<string>((resolve, reject) => {
      const socket = createConnection(front.port, '127.0.0.1');
      let text = '';
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(text));
      socket.write(`${line}\r\nHost: a\r\n${offer}\r\n${rest}`);
    });

  it('is left alone: the request is answered in the present one', async () => {
    await open();
    const answer = await offered('GET /api/info HTTP/1.1', '\r\n');
    expect(answer).toContain('HTTP/1.1 200 OK');
    expect(answer).toContain('GET /api/info ');
    expect(answer).not.toContain('h2c');
    expect(await offered('GET /hls/x HTTP/1.1', '\r\n')).toContain('media /hls/x');
  });

  it('with a body is refused, since its body cannot be read', async () => {
    await open();
    const answer = await offered('POST /api/x HTTP/1.1', 'Content-Length: 2\r\n\r\n{}');
    expect(answer).toContain('400 Bad Request');
  });
});

it('passes pages and calls on to a parent over TLS', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const files = {
    cert: readFileSync(env['AMPHI_TLS_CERT'] ?? ''),
    key: readFileSync(env['AMPHI_TLS_KEY'] ?? ''),
  };
  const parent = createTlsServer(files, (req, res) => res.end(echo(req)));
  apiBase = `https://localhost:${await listening(parent)}`;
  await open();
  expect(await ask('GET /api/info HTTP/1.1')).toContain('GET /api/info');
  parent.closeAllConnections();
  parent.close();
});
