import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EmbeddedClient } from './embedded-client.ts';
import { onLines } from './wire.ts';

const PATIENCE_MS = 300;
/** As many as a client has. */
const CONNECTIONS = 8;
const away = expect.objectContaining({ code: 'unavailable' });

const reasons = async (all: Promise<unknown>[]) =>
  (await Promise.allSettled(all)).map((one) => one.status === 'rejected' && one.reason);

let folder: string;
let server: Server;
let client: EmbeddedClient;
let sockets: Socket[];
/** What the database does with a request: an answer, the end of the connection, or nothing. */
let does: (op: string) => 'answer' | 'break' | 'hang';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amphi-client-'));
  const path = join(folder, 'db.sock');
  sockets = [];
  does = () => 'answer';
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onLines(socket, (line) => {
      const { id, op } = JSON.parse(line) as { id: number; op: string };
      const what = does(op);
      if (what === 'break') socket.destroy();
      if (what === 'answer') {
        socket.write(`${JSON.stringify({ id, result: { rows: [], fields: [] } })}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  client = new EmbeddedClient(path, PATIENCE_MS);
});

afterEach(async () => {
  await client.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('answers again after every connection broke within a transaction', async () => {
  does = (op) => (op === 'begin' ? 'answer' : 'break');
  const broken = Array.from({ length: CONNECTIONS }, () =>
    client.transaction((inner) => inner.query('select 1')),
  );
  expect(await reasons(broken)).toEqual(broken.map(() => away));
  does = () => 'answer';
  expect((await client.query('select 1')).rows).toEqual([]);
});

it('gives up what is not answered in time, and what waits for it, and goes on', async () => {
  does = () => 'hang';
  const all = Array.from({ length: 3 * CONNECTIONS }, () => client.query('select 1'));
  expect(await reasons(all)).toEqual(all.map(() => away));
  does = () => 'answer';
  expect((await client.query('select 1')).rows).toEqual([]);
});

it('lets 1,000 wait for a connection and not one more', async () => {
  does = () => 'hang';
  const waiting = Array.from({ length: CONNECTIONS + 1_000 }, () => client.query('select 1'));
  const settled = Promise.allSettled(waiting);
  await expect(client.query('select 1')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'too much waits for the database',
  });
  await client.close();
  for (const socket of sockets) socket.destroy();
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
});

it('serves those who wait by new connections, in their order', async () => {
  does = () => 'hang';
  const first = Array.from({ length: CONNECTIONS }, () => client.query('select 1').catch(() => {}));
  const order: number[] = [];
  const later = [1, 2, 3].map((n) => client.query('select 1').then(() => order.push(n)));
  does = () => 'answer';
  for (const socket of sockets) socket.destroy();
  await Promise.all([...first, ...later]);
  expect(order).toEqual([1, 2, 3]);
});

it('fails at once, with all that waits, when there is no database to connect to', async () => {
  does = () => 'hang';
  const all = Array.from({ length: CONNECTIONS + 5 }, () => client.query('select 1'));
  const settled = reasons(all);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
  expect(await settled).toEqual(all.map(() => away));
  await expect(client.query('select 1')).rejects.toMatchObject({ code: 'unavailable' });
});
