import { createServer, type Server } from 'node:http';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '#support';
import type { Exchange } from '../exchange.ts';
import { Flow } from '../flow.ts';
import { headText } from '../wire.ts';
import { LeanHttp, type LeanOptions } from './server.ts';

const OPTIONS: LeanOptions = { trustProxy: 0, headMs: 60_000, quietMs: 60_000 };

let server: Server;
let lean: LeanHttp;
/** Requests that wait for the test to answer them. */
let asked: Exchange[];
/** What is answered at once, by address. */
let hot: Map<string, Buffer>;
const clients: Client[] = [];

async function open(options: Partial<LeanOptions> = {}): Promise<void> {
  asked = [];
  hot = new Map();
  server = createServer((req, res) => res.end(`node ${req.method} ${req.url}`));
  const handler = {
    hot: (url: string) => hot.get(url),
    handle: (exchange: Exchange) => void asked.push(exchange),
  };
  lean = new LeanHttp(server, handler, { ...OPTIONS, ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** A raw connection and what came over it. */
class Client {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(options: { reads?: boolean } = {}) {
    this.socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.once('close', () => {
      this.closed = true;
    });
    if (options.reads !== false) this.socket.on('data', (chunk) => (this.text += chunk.toString()));
    clients.push(this);
  }

  get(url: string, fields = ''): void {
    this.socket.write(`GET ${url} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  }

  has(text: string): Promise<boolean> {
    return until(`"${text}" in ${JSON.stringify(this.text)}`, () => this.text.includes(text));
  }

  isClosed(): Promise<boolean> {
    return until('the connection to be closed', () => this.closed);
  }
}

const isAsked = (count: number) => until(`${count} requests`, () => asked.length === count);

function answer(exchange: Exchange | undefined, text: string): void {
  exchange?.send(200, { 'content-length': text.length }, Flow.of([Buffer.from(text)]));
}

beforeEach(() => open());

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await lean.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('LeanHttp', () => {
  it('answers media, one request after the other on one connection', async () => {
    const client = new Client();
    client.get('/hls/a');
    await isAsked(1);
    expect(asked[0]).toMatchObject({ method: 'GET', url: '/hls/a', address: '127.0.0.1' });
    answer(asked[0], 'first');
    await client.has('\r\n\r\nfirst');
    client.get('/hls/b');
    await isAsked(2);
    answer(asked[1], 'second');
    await client.has('\r\n\r\nsecond');
    expect(client.closed).toBe(false);
  });

  it('answers requests that are sent ahead in their order, whichever answer is ready first', async () => {
    hot.set('/hls/hot', Buffer.from(`${headText(200, { 'content-length': 3 })}hot`));
    const client = new Client();
    client.get('/hls/slow');
    client.get('/hls/hot');
    client.get('/hls/last');
    await isAsked(1);
    expect(client.text).toBe('');
    answer(asked[0], 'slow');
    await isAsked(2);
    answer(asked[1], 'last');
    await client.has('last');
    expect(client.text).toMatch(/slow.*hot.*last/s);
  });

  it('puts a head together that comes byte by byte', async () => {
    const client = new Client();
    for (const byte of 'GET /hls/a HTTP/1.1\r\nHost: a\r\n\r\n') {
      await new Promise((resolve) => client.socket.write(byte, resolve));
    }
    await isAsked(1);
    expect(asked[0]?.url).toBe('/hls/a');
  });

  it('hands a connection over to Node with everything that is not answered', async () => {
    const client = new Client();
    client.get('/hls/a');
    client.get('/page');
    client.get('/hls/b');
    await isAsked(1);
    answer(asked[0], 'lean');
    await client.has('node GET /hls/b');
    expect(client.text).toMatch(/lean.*node GET \/page.*node GET \/hls\/b/s);
    expect(lean.handedOver).toBe(1);
    expect(lean.connections).toBe(0);
  });

  it('leaves to Node what is not plainly a request for media, which refuses it', async () => {
    for (const head of [
      'GET /hls/x HTTP/1.1\r\n\r\n',
      'GET /hls/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'GET /hls/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n',
      'GET /hls/x HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n',
    ]) {
      const client = new Client();
      client.socket.write(head);
      await client.has('400 Bad Request');
      await client.isClosed();
    }
    expect(asked).toEqual([]);
  });

  it('sends no body with HEAD and 304, and says so where the connection ends', async () => {
    const client = new Client();
    client.socket.write('HEAD /hls/a HTTP/1.1\r\nHost: a\r\n\r\n');
    await isAsked(1);
    answer(asked[0], 'body');
    client.get('/hls/b', 'Connection: close\r\n');
    await isAsked(2);
    asked[1]?.send(304, {}, Flow.of([Buffer.from('body')]));
    await client.isClosed();
    expect(client.text).not.toContain('body');
    expect(client.text).toMatch(/content-length: 4.*304 Not Modified.*connection: close/s);
  });

  it('sends bytes on as they come', async () => {
    const client = new Client();
    client.get('/hls/a');
    await isAsked(1);
    const flow = new Flow();
    asked[0]?.send(200, { 'content-length': 6 }, flow);
    flow.push(Buffer.from('one'));
    await client.has('one');
    flow.push(Buffer.from('two'));
    flow.finish();
    await client.has('onetwo');
  });

  it('breaks the connection off when the object will not be completed', async () => {
    const client = new Client();
    client.get('/hls/a');
    await isAsked(1);
    const flow = new Flow();
    asked[0]?.send(200, { 'content-length': 6 }, flow);
    flow.push(Buffer.from('one'));
    await client.has('one');
    flow.break();
    await client.isClosed();
  });

  it('says when a viewer has gone who waits', async () => {
    const client = new Client();
    client.get('/hls/a');
    await isAsked(1);
    let gone = 0;
    asked[0]?.onClose(() => gone++);
    client.socket.destroy();
    await until('the end to be noticed', () => gone === 1);
    expect(asked[0]?.closed).toBe(true);
    answer(asked[0], 'too late');
    expect(lean.connections).toBe(0);
  });

  it('does not answer on and on to somebody who takes nothing', async () => {
    const size = 1 << 20;
    const big = Buffer.concat([
      Buffer.from(headText(200, { 'content-length': size })),
      Buffer.alloc(size),
    ]);
    let served = 0;
    hot.get = () => {
      served++;
      return big;
    };
    const client = new Client({ reads: false });
    client.socket.pause();
    for (let i = 0; i < 200; i++) client.get('/hls/big');
    await until('an answer', () => served > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // As many as the system's buffers on both sides hold, and hardly more.
    expect(served).toBeLessThan(60);
    client.socket.resume();
    await until('all answers', () => served === 200);
  });

  it('does not read on while somebody sends ahead without end', async () => {
    const client = new Client();
    client.get('/hls/held');
    await isAsked(1);
    const noise = Buffer.alloc(1 << 20, 'GET /hls/x HTTP/1.1\r\nHost: a\r\n\r\n');
    for (let i = 0; i < 32; i++) client.socket.write(noise);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.socket.bytesWritten - client.socket.writableLength).toBeLessThan(24 << 20);
    expect(asked).toHaveLength(1);
  });

  it('closes a head that takes too long, and a connection on which nothing happens', async () => {
    await lean.close();
    await new Promise((resolve) => server.close(resolve));
    await open({ headMs: 100, quietMs: 60_000 });
    const slow = new Client();
    const dripping = setInterval(() => slow.socket.write('x'), 20);
    slow.socket.write('GET /hls/');
    await slow.isClosed();
    clearInterval(dripping);

    await lean.close();
    await new Promise((resolve) => server.close(resolve));
    await open({ quietMs: 150 });
    const idle = new Client();
    const waiting = new Client();
    waiting.get('/hls/held');
    await idle.isClosed();
    // Whoever waits for us is not idle.
    expect(waiting.closed).toBe(false);
    await isAsked(1);
    answer(asked[0], 'at last');
    await waiting.has('at last');
  });
});
