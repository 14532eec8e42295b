import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Objects, openObjects } from './index.ts';

/** As much of an S3 API as is used, in memory. */
async function fakeS3(): Promise<{ server: Server; endpoint: string; keys: () => string[] }> {
  const stored = new Map<string, Buffer>();
  const server = createServer(async (req, res) => {
    const url = new URL(req.url ?? '', 'http://s3');
    const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ''));
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const found = stored.get(key);
    if (!req.headers.authorization?.includes('Credential=key-id/')) res.writeHead(403).end();
    else if (req.method === 'PUT') {
      stored.set(key, Buffer.concat(chunks));
      res.end();
    } else if (req.method === 'DELETE') {
      stored.delete(key);
      res.writeHead(204).end();
    } else if (key === '') {
      const prefix = url.searchParams.get('prefix') ?? '';
      // A page of one, so that there is more.
      const listed = [...stored.keys()].filter((one) => one.startsWith(prefix));
      const [first] = listed;
      const more = listed.length > 1;
      const contents = first === undefined ? '' : `<Contents><Key>${first}</Key></Contents>`;
      res.setHeader('content-type', 'application/xml');
      res.end(
        `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents}</ListBucketResult>`,
      );
    } else if (found === undefined) {
      res.writeHead(404, { 'content-type': 'application/xml' });
      res.end('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>');
    } else res.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  return { server, endpoint: `http://127.0.0.1:${port}`, keys: () => [...stored.keys()] };
}

let folder: string;
let s3: Awaited<ReturnType<typeof fakeS3>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amphi-objects-'));
  s3 = await fakeS3();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key-id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  s3?.server.close();
  await rm(folder, { recursive: true, force: true });
});

async function* bytes(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('the sender has gone');
}

async function text({ body }: { body: Readable }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe.each(['folder', 's3'] as const)('objects in %s', (kind) => {
  const open = (): Objects =>
    openObjects({
      folder: join(folder, 'objects'),
      s3: kind === 's3' ? { endpoint: s3.endpoint, bucket: 'bucket' } : {},
    });

  it('gives back what was put, whole', async () => {
    const objects = open();
    await objects.put('meetings/m-1/a', bytes('hel', 'lo'), 5);
    const found = await objects.get('meetings/m-1/a');
    expect(found?.size).toBe(5);
    expect(await text(found!)).toBe('hello');
    expect(await objects.get('meetings/m-1/b')).toBeUndefined();
  });

  it('keeps nothing of what does not come whole', async () => {
    const objects = open();
    await expect(objects.put('half/a', broken(), 8)).rejects.toThrow('the sender has gone');
    await expect(objects.put('half/b', bytes('12345'), 4)).rejects.toThrow();
    await expect(objects.put('half/c', bytes('123'), 4)).rejects.toThrow();
    for (const name of ['a', 'b', 'c']) expect(await objects.get(`half/${name}`)).toBeUndefined();
  });

  it('removes one, and all of a prefix, and nothing else', async () => {
    const objects = open();
    for (const key of ['x/1', 'x/2', 'x/3', 'xy/1']) await objects.put(key, bytes('.'), 1);
    await objects.remove('x/1');
    await objects.remove('x/none');
    expect(await objects.get('x/1')).toBeUndefined();
    await objects.removeAll('x');
    await objects.removeAll('x');
    expect(await objects.get('x/2')).toBeUndefined();
    expect(await objects.get('x/3')).toBeUndefined();
    expect(await text((await objects.get('xy/1'))!)).toBe('.');
  });

  it.each(['', '..', 'a/../b', '/a', 'a/', 'a//b', 'A', 'a\\b', 'a/.b'])(
    'takes no key like "%s"',
    async (key) => {
      const objects = open();
      await expect(objects.put(key, bytes('.'), 1)).rejects.toThrow('is no key');
      await expect(objects.get(key)).rejects.toThrow('is no key');
      await expect(objects.removeAll(key)).rejects.toThrow('is no key');
    },
  );
});

it('a folder lets nobody else read, and leaves nothing unfinished', async () => {
  expect(await readdir(join(folder, 'objects', '.unfinished'))).toEqual([]);
  const { mode } = await stat(join(folder, 'objects', 'meetings', 'm-1', 'a'));
  expect(mode & 0o077).toBe(0);
  expect(s3.keys()).not.toContain('half/a');
});
