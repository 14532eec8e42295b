import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IceTcpConnection, type TcpEnd } from './ice-tcp-connection.ts';
import { packetFrame } from './packet-frames.ts';

const HOST = '127.0.0.1';
const [GREETING_MS, IDLE_MS] = [5_000, 40_000];

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 1_000) throw new Error(`still waiting for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A binding request to "ours". */
const GREETING = packetFrame(
  Buffer.from('0001001000000000000000000000000000000000000600096f7572733a7468656d000000', 'hex'),
);
GREETING.writeUInt32BE(0x2112a442, 6);

/** Takes what goes to it, and says nothing. */
let worker: UdpSocket;
let server: Server;
let peer: Socket;
let connection: IceTcpConnection;
let ends: TcpEnd[];

beforeEach(async () => {
  ends = [];
  worker = createSocket('udp4');
  worker.bind(0, HOST);
  await once(worker, 'listening');
  server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  peer = createConnection(address.port, HOST);
  const [tcp] = await accepted;
  connection = new IceTcpConnection(
    tcp,
    {
      target: { address: HOST, port: worker.address().port },
      admit: (usernameFragment) => usernameFragment === 'ours',
      mend: (packet) => packet,
      onEnd: (end) => ends.push(end),
      onDrop: () => {},
    },
    0,
  );
});

afterEach(() => {
  connection.end('closed');
  peer.destroy();
  server.close();
  worker.close();
});

describe('IceTcpConnection', () => {
  it('that says nothing is let go', () => {
    connection.tick(GREETING_MS);
    expect(ends).toEqual([]);
    connection.tick(GREETING_MS + 1);
    expect(ends).toEqual(['stranger']);
  });

  it('that belongs to a session may be silent for longer, counted from the last that was heard', async () => {
    peer.write(GREETING);
    await until('the greeting', () => connection.admitted);
    connection.tick(10_000);
    connection.tick(10_000 + IDLE_MS);
    expect(ends).toEqual([]);
    connection.tick(10_000 + IDLE_MS + 1);
    expect(ends).toEqual(['idle']);
  });

  it('ends once', () => {
    connection.end('idle');
    connection.end('closed');
    expect(ends).toEqual(['idle']);
  });
});
