import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#base';
import { frame } from '#callserver';
import { RENDITION_FEED_OPENING, RENDITION_FEED_UNIT, renditionUnitHeader } from '#contracts';
import { run, TokenIssuer } from '#platform';
import { until } from '#support';
import { RenditionReceiver } from './rendition-receiver.ts';

const tokens = new TokenIssuer('a secret that is long enough for the tests');
const OPENING = Buffer.from(
  JSON.stringify({ runId: 'abcdefgh', tracks: [{ kind: 'video', name: '720p' }] }),
);
const UNIT = frame(
  RENDITION_FEED_UNIT,
  renditionUnitHeader({ track: 0, key: true, capturedUs: 1 }),
  Uint8Array.of(0, 0, 0, 1, 0x65),
);

let receiver: RenditionReceiver;
let server: Server;

beforeEach(async () => {
  receiver = new RenditionReceiver({ tokens, log: silentLogger });
  server = createServer((req, res) => run(receiver.handler, req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await receiver.close();
  server.closeAllConnections();
  server.close();
});

/** One job's request, and what came of it. */
async function post(fence: number, options: { sub?: string; method?: string } = {}) {
  const { sub = 'main', method = 'POST' } = options;
  const token = await tokens.sign('push', { sub, fence }, 60);
  const { port } = server.address() as AddressInfo;
  const req = request({
    port,
    host: '127.0.0.1',
    path: '/renditions/main',
    method,
    headers: { authorization: `Bearer ${token}` },
    agent: false,
  });
  const broke = new Promise<void>((resolve) => req.once('close', () => resolve()));
  req.on('error', () => {});
  const answer = new Promise<IncomingMessage>((resolve) => req.once('response', resolve));
  req.flushHeaders();
  return { req, answer, broke };
}

const opened = async (fence: number) => {
  const job = await post(fence);
  job.req.write(frame(RENDITION_FEED_OPENING, OPENING));
  expect((await job.answer).statusCode).toBe(200);
  return job;
};

const textOf = async (answer: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
};

describe('POST /renditions', () => {
  it('takes a job’s units for as long as it sends', async () => {
    const { req, answer } = await opened(1);
    req.write(UNIT);
    expect(receiver.of('main')?.live).toBe(true);
    expect(receiver.writers).toBe(1);
    req.end();
    expect(await textOf(await answer)).toContain('the job has ended');
    await until('its end', () => receiver.of('main')?.live === false);
    expect(receiver.writers).toBe(0);
  });

  it('lets a newer writer take over, and refuses an older one', async () => {
    const first = await opened(1);
    await opened(2);
    expect(await textOf(await first.answer)).toContain('newer writer');
    const late = await post(1);
    late.req.write(frame(RENDITION_FEED_OPENING, OPENING));
    expect((await late.answer).statusCode).toBe(409);
    expect(receiver.of('main')?.live).toBe(true);
  });

  it.each<[string, () => ReturnType<typeof post>, Buffer, number]>([
    ['a token of another event', () => post(1, { sub: 'other' }), OPENING, 403],
    ['another method', () => post(1, { method: 'PUT' }), OPENING, 405],
    ['an opening that is none', () => post(1), Buffer.from('{"runId":1}'), 400],
  ])('refuses %s', async (_, ask, opening, status) => {
    const { req, answer } = await ask();
    req.write(frame(RENDITION_FEED_OPENING, opening));
    expect((await answer).statusCode).toBe(status);
    expect(receiver.of('main')?.live ?? false).toBe(false);
  });

  it.each([
    ['a second opening', frame(RENDITION_FEED_OPENING, OPENING)],
    ['a frame of no kind', frame(9, OPENING)],
    ['a unit cut short', frame(RENDITION_FEED_UNIT, Uint8Array.of(0))],
    [
      'a unit of another track',
      frame(RENDITION_FEED_UNIT, renditionUnitHeader({ track: 7, key: true, capturedUs: 1 })),
    ],
    ['a frame too long', Buffer.of(0xff, 0xff, 0xff, 0xff, 1)],
  ])('breaks off at %s, and takes the next connection', async (_, bytes) => {
    const { req, broke } = await opened(1);
    req.write(bytes);
    await broke;
    await opened(1);
  });
});
