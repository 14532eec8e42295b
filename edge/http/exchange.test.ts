import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AmphiError } from '#base';
import { TestExchange } from '#support';
import { acceptsGzip, compress, compressedHeaders, sendProblem, sendResource } from './exchange.ts';
import { resource } from './resource.ts';

const found = resource([Buffer.from('0123'), Buffer.from('456789')], {
  contentType: 'video/mp4',
  etag: '"e"',
  cacheControl: 'public, max-age=60',
  ranges: true,
});

async function ask(fields: Record<string, string>, method: 'GET' | 'HEAD' = 'GET', of = found) {
  const exchange = new TestExchange('/hls/x', fields, { method });
  sendResource(exchange, of, { age: 3 });
  return exchange;
}

describe('sendResource', () => {
  it('answers with the whole, its description and what the caller adds', async () => {
    const { status, headers, body } = await ask({});
    expect(status).toBe(200);
    expect(body.toString()).toBe('0123456789');
    expect(headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': 10,
      'cache-control': 'public, max-age=60',
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      etag: '"e"',
      age: 3,
    });
  });

  it.each(['"e"', 'W/"e"', '"x", "e"', '*', '"e-gz"'])(
    'answers 304 to who has %s',
    async (known) => {
      const { status, headers, body } = await ask({ 'if-none-match': known });
      expect([status, body.length]).toEqual([304, 0]);
      expect(headers).toMatchObject({ etag: '"e"', 'cache-control': 'public, max-age=60' });
      expect(headers).not.toHaveProperty('content-length');
    },
  );

  it('answers a range over two pieces with 206', async () => {
    const { status, headers, body } = await ask({ range: 'bytes=2-5' });
    expect([status, body.toString()]).toEqual([206, '2345']);
    expect(headers).toMatchObject({ 'content-range': 'bytes 2-5/10', 'content-length': 4 });
  });

  it('answers a range beyond the end with 416 and the size', async () => {
    const { status, headers } = await ask({ range: 'bytes=10-' });
    expect(status).toBe(416);
    expect(headers).toMatchObject({ 'content-range': 'bytes */10', 'content-length': 0 });
  });

  it('answers 304 rather than a range to who has it already', async () => {
    const { status } = await ask({ range: 'bytes=2-5', 'if-none-match': '"e"' });
    expect(status).toBe(304);
  });

  it('answers in whole when the range is meant for another representation, or makes no sense', async () => {
    expect((await ask({ range: 'bytes=2-5', 'if-range': '"old"' })).status).toBe(200);
    const playlist = { ...found, ranges: false };
    const { status, headers } = await ask({ range: 'bytes=2-5' }, 'GET', playlist);
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('accept-ranges');
  });
});

describe('sendProblem', () => {
  it('says what is wrong, is not stored, and says when to come again', () => {
    const exchange = new TestExchange('/hls/x');
    sendProblem(exchange, new AmphiError('unavailable', 'late'));
    expect(exchange.status).toBe(503);
    expect(exchange.json).toMatchObject({ code: 'unavailable', detail: 'late', status: 503 });
    expect(exchange.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
      'retry-after': 1,
    });
  });

  it('names the scheme to who is not authorized', () => {
    const exchange = new TestExchange('/hls/x');
    sendProblem(exchange, new AmphiError('unauthorized'));
    expect(exchange.headers).toMatchObject({ 'www-authenticate': 'Bearer' });
  });

  it('tells nothing of a foreign error', () => {
    const exchange = new TestExchange('/hls/x');
    sendProblem(exchange, new Error('secret path'));
    expect(exchange.status).toBe(500);
    expect(exchange.body.toString()).not.toContain('secret');
  });
});

describe('compression', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['gzip', true],
    ['GZIP', true],
    ['br, gzip, deflate', true],
    ['gzip;q=1', true],
    ['gzip;q=0.001', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['xgzip', false],
    ['gzipx', false],
    ['identity', false],
  ])('is taken with accept-encoding %j: %j', (header, expected) => {
    expect(acceptsGzip(header)).toBe(expected);
  });

  it('gives the same bytes back, under another etag', async () => {
    const text = '#EXTM3U\n'.repeat(200);
    const packed = await compress([Buffer.from(text.slice(0, 7)), Buffer.from(text.slice(7))]);
    expect(gunzipSync(packed).toString()).toBe(text);
    expect(compressedHeaders({ etag: '"a"' }, packed.length)).toEqual({
      etag: '"a-gz"',
      'content-encoding': 'gzip',
      'content-length': packed.length,
    });
  });
});
