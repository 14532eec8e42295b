import { createServer } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { cmafInit, cmafPart, PART_US } from '#support';
import type { Exchange } from '../../edge/http/exchange.ts';
import { Flow } from '../../edge/http/flow.ts';
import { LeanHttp } from '../../edge/http/lean/server.ts';
import { PushReader } from '../../edge/origin/push-reader.ts';

/** Bytes that nobody should send, to the two places where strangers' bytes come in. */

const CASES = 100_000;

/** A generator that gives the same numbers each time (xorshift). */
function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const random = randomOf(0x5eed);

const HEADS = [
  'GET /hls/main/720p/media.m3u8?_HLS_msn=897000000&_HLS_part=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nAccept-Encoding: gzip\r\n\r\n',
  'HEAD /hls/main/720p/897000000.m4s HTTP/1.1\r\nHost: a\r\nRange: bytes=0-100\r\n\r\n',
  'GET /hls/main/master.m3u8?token=a.b.c HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nConnection: close\r\n\r\n',
  'GET /hls/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));
/** What parsers stumble over. */
const MORSELS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  '\r\n\r\n',
  '\r\n ',
  'HTTP/1.1',
  'GET /hls/',
  '\xff',
]
  .concat(['Content-Length: 1\r\n', 'Host: b\r\n', '%00', '../', 'x'.repeat(300)])
  .map((text) => Buffer.from(text, 'latin1'));

function mutated(original: Buffer): Buffer {
  let bytes = original;
  for (let n = random(4) + 1; n > 0; n--) {
    const at = random(bytes.length + 1);
    switch (random(6)) {
      case 0:
        bytes = Buffer.from(bytes);
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(20))]);
        break;
      case 3: {
        const morsel = MORSELS[random(MORSELS.length)] as Buffer;
        bytes = Buffer.concat([bytes.subarray(0, at), morsel, bytes.subarray(at)]);
        break;
      }
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length + 1))]);
        break;
      default:
        bytes = Buffer.concat([bytes, HEADS[random(HEADS.length)] as Buffer]);
    }
  }
  return bytes;
}

/** A connection without a network: takes bytes in, and says what comes out. */
class Wire extends Duplex {
  out = 0;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.out += chunk.length;
    done();
  }

  setTimeout(): this {
    return this;
  }
}

describe('the public port', () => {
  it(`survives ${CASES} requests that are not what they should be, and answers everybody else`, async () => {
    const server = createServer((_req, res) => res.end());
    server.on('clientError', (_error, socket) => socket.destroy());
    let answered = 0;
    const answer = Flow.of([Buffer.from('ok')]);
    const lean = new LeanHttp(
      server,
      {
        hot: () => undefined,
        handle: (exchange: Exchange) => {
          answered++;
          exchange.send(200, { 'content-length': 2 }, answer);
        },
      },
      { trustProxy: 0, headMs: 60_000, quietMs: 60_000 },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const before = process.memoryUsage().rss;
    let good = 0;
    for (let i = 0; i < CASES; i++) {
      const wire = new Wire();
      wire.on('error', () => {});
      server.emit('connection', wire);
      const bytes = mutated(HEADS[random(HEADS.length)] as Buffer);
      const cut = random(bytes.length + 1);
      // In two pieces: what is incomplete at first is another way through the reader.
      if (cut > 0) wire.push(bytes.subarray(0, cut));
      wire.push(bytes.subarray(cut));
      if (i % 5_000 === 0) {
        const socket = createConnection(port, '127.0.0.1');
        await new Promise<void>((resolve, reject) => {
          socket.once('error', reject);
          socket.once('data', (data) => {
            if (data.toString().startsWith('HTTP/1.1 200')) good++;
            resolve();
          });
          socket.write(HEADS[0] as Buffer);
        });
        socket.destroy();
      }
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      wire.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(good).toBe(CASES / 5_000);
    // Some of it is still a request; most is not.
    expect(answered).toBeGreaterThan(CASES / 20);
    expect(lean.connections).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
    await lean.close();
    server.closeAllConnections();
    server.close();
  }, 60_000);
});

describe('a push', () => {
  it(`of ${CASES} kinds that is not what it should be throws bad_media and nothing else`, () => {
    const START = 1_772_366_400_000_000;
    const init = Buffer.from(cmafInit());
    const part = (index: number) =>
      Buffer.from(
        cmafPart({
          startUs: START + index * PART_US,
          durationUs: PART_US,
          key: index === 0,
          bytes: 30,
        }),
      );
    const whole = Buffer.concat([init, part(0), part(1)]);
    let refused = 0;
    let taken = 0;
    for (let i = 0; i < CASES; i++) {
      const bytes = Buffer.from(whole);
      for (let n = random(3) + 1; n > 0; n--) {
        // Sizes, counts and offsets are most of what can lie.
        const at = random(bytes.length - 4);
        if (random(2) === 0) bytes[at] = random(256);
        else bytes.writeUInt32BE(random(2) === 0 ? random(64) : random(0xffffffff), at);
      }
      const reader = new PushReader('video', {
        onInit: () => {},
        onPart: (incoming) => {
          taken++;
          if (!(incoming.endUs >= incoming.startUs)) throw new Error('time runs backwards');
          if (incoming.keyBytes > incoming.bytes.length) throw new Error('a key frame too large');
        },
      });
      try {
        const cut = random(bytes.length);
        reader.push(bytes.subarray(0, cut));
        reader.push(bytes.subarray(cut));
      } catch (error) {
        if (!isAmphiError(error, 'bad_media')) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(CASES / 10);
    expect(taken).toBeGreaterThan(CASES / 10);
  }, 60_000);
});
