import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFields } from './fields.ts';
import { MAX_HEAD_BYTES, readHead } from './head.ts';

const PLAIN = 'GET /hls/main/720p/media.m3u8?_HLS_msn=5 HTTP/1.1\r\nHost: a\r\n\r\n';

const read = (text: string) => readHead(Buffer.from(text, 'latin1'));

/** What the strict reader makes of a request: undefined when it is left to Node, or not complete. */
function leanReads(bytes: Buffer) {
  const head = readHead(bytes);
  if (typeof head === 'string') return undefined;
  const fields = readFields(bytes.subarray(head.fieldsAt, head.fieldsEnd));
  return fields === 'foreign' ? undefined : { head, fields };
}

describe('readHead', () => {
  it('reads a request and says where the next one begins', () => {
    const head = read(`${PLAIN}GET /hls/next`);
    expect(head).toEqual({
      method: 'GET',
      url: '/hls/main/720p/media.m3u8?_HLS_msn=5',
      fieldsAt: PLAIN.indexOf('Host'),
      fieldsEnd: PLAIN.length - 2,
      end: PLAIN.length,
    });
  });

  it('reads HEAD', () => {
    expect(read('HEAD /hls/x HTTP/1.1\r\nHost: a\r\n\r\n')).toMatchObject({ method: 'HEAD' });
  });

  it('waits for the rest of every beginning of a request', () => {
    for (let length = 1; length < PLAIN.length; length++) {
      expect(read(PLAIN.slice(0, length)), PLAIN.slice(0, length)).toBe('incomplete');
    }
  });

  it.each<[string, string]>([
    ['another method', 'POST /hls/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method in lower case', 'get /hls/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['another path', 'GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an absolute target', 'GET http://a/hls/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two spaces before the target', 'GET  /hls/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two spaces behind the target', 'GET /hls/x  HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a tab in the target', 'GET /hls/x\ty HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a NUL in the target', 'GET /hls/x\0y HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an octet above ASCII in the target', 'GET /hls/\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment', 'GET /hls/x#y HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/1.0', 'GET /hls/x HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['HTTP/2.0', 'GET /hls/x HTTP/2.0\r\nHost: a\r\n\r\n'],
    ['no version', 'GET /hls/x\r\n\r\n'],
    ['a bare line feed behind the request line', 'GET /hls/x HTTP/1.1\nHost: a\r\n\r\n'],
    ['bare line feeds throughout', 'GET /hls/x HTTP/1.1\nHost: a\n\n'],
    ['a line feed before the request', '\nGET /hls/x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('leaves %s to others', (_, text) => {
    expect(read(text)).toBe('foreign');
  });

  it('takes a head of the limit, and none that is a byte longer', () => {
    const ofSize = (size: number) => {
      const start = 'GET /hls/x HTTP/1.1\r\nHost: a\r\nX: ';
      // The limit counts up to the blank line.
      return `${start}${'y'.repeat(size - start.length)}\r\n\r\n`;
    };
    expect(read(ofSize(MAX_HEAD_BYTES))).toMatchObject({ end: MAX_HEAD_BYTES + 4 });
    expect(read(ofSize(MAX_HEAD_BYTES + 1))).toBe('foreign');
    const open = `GET /hls/${'x'.repeat(MAX_HEAD_BYTES)}`;
    expect(read(open.slice(0, MAX_HEAD_BYTES))).toBe('incomplete');
    expect(read(open.slice(0, MAX_HEAD_BYTES + 1))).toBe('foreign');
  });
});

interface Seen {
  method: string | undefined;
  url: string | undefined;
  rawHeaders: string[];
  bodyBytes: number;
}

/** A connection made of these bytes, on which Node's own server says what it reads. */
function nodeReads(bytes: Buffer): Promise<Seen[] | 'refused'> {
  const seen: Seen[] = [];
  let refused = false;
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (req, res) => {
    const { method, url, rawHeaders } = req;
    const request: Seen = { method, url, rawHeaders, bodyBytes: 0 };
    seen.push(request);
    req.on('data', (chunk: Buffer) => {
      request.bodyBytes += chunk.length;
    });
    res.end();
  });
  server.on('clientError', (_error, socket) => {
    refused = true;
    socket.destroy();
  });
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve(refused ? 'refused' : seen));
    server.emit('connection', socket);
    socket.push(bytes);
    socket.push(null);
  });
}

const often = <T>(common: T, ...rare: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(common) }, fc.constantFrom(...rare));
const lineEnd = often('\r\n', '\n', '\r', '\r\n ', '\r\n\t', ' \r\n', '\r\r\n');
const requestLine = fc
  .tuple(
    often('GET', 'HEAD', 'POST', 'GET ', 'G\0T'),
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('/hls/x', '/hls/main/1.2.m4s?token=a.b-c_d') },
      fc.string({ maxLength: 8 }).map((rest) => `/hls/${rest}`),
      fc.string({ unit: 'binary', maxLength: 4 }).map((rest) => `/hls/${rest}`),
    ),
    often('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 '),
    lineEnd,
  )
  .map(([method, target, version, end]) => `${method} ${target} ${version}${end}`);
const fieldLine = fc
  .tuple(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom('User-Agent', 'Range', 'Accept', 'Cookie', 'X-A', 'Connection'),
      },
      fc.constantFrom('Content-Length', 'Transfer-Encoding', 'Host', 'Upgrade', 'TE', 'Expect'),
      fc.string({ maxLength: 6 }),
    ),
    often(':', ' :', '', ';', '::', ':\t'),
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('keep-alive', 'bytes=0-5', ' *', 'close', '\ta b ') },
      fc.constantFrom('0', '5', '5, 5', 'chunked', 'gzip, chunked', 'websocket', 'b'),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    lineEnd,
  )
  .map(([name, colon, value, end]) => `${name}${colon}${value}${end}`);
const request = fc
  .tuple(
    requestLine,
    often('Host: a\r\n', '', 'Host: a\r\nHost: b\r\n', 'Host : a\r\n', ' Host: a\r\n'),
    fc.array(fieldLine, { maxLength: 4 }),
    lineEnd,
  )
  .map(([line, host, fields, blank]) =>
    Buffer.from(line + host + fields.join('') + blank, 'latin1'),
  );

describe('readHead and readFields, against Node', () => {
  it('accept nothing that Node reads in another way', async () => {
    const next = 'GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n';
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const lean = leanReads(bytes);
        if (lean === undefined) return;
        accepted++;
        const { head, fields } = lean;
        // What follows must be the next request for both, never a body.
        const own = bytes.subarray(0, head.end);
        const seen = await nodeReads(fields.close ? own : Buffer.concat([own, Buffer.from(next)]));
        expect(seen).not.toBe('refused');
        const [first, second] = seen as Seen[];
        expect(first).toMatchObject({ method: head.method, url: head.url, bodyBytes: 0 });
        const raw = first!.rawHeaders;
        for (let i = 0; i < raw.length; i += 2) {
          expect(fields.get(raw[i]!.toLowerCase())).toBe(raw[i + 1]);
        }
        expect(new Set(raw.filter((_, i) => i % 2 === 0)).size).toBe(raw.length / 2);
        if (!fields.close) expect(second).toMatchObject({ url: '/next' });
      }),
      { numRuns: 4_000 },
    );
    // Nothing is shown where nothing was accepted.
    expect(accepted).toBeGreaterThan(400);
  });
});
