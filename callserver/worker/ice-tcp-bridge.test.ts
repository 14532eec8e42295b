import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts, stunGreeting } from '#support';
import { ExpectedPeers } from './expected-peers.ts';
import { IceTcpBridge } from './ice-tcp-bridge.ts';
import { PacketFrames, packetFrame } from './packet-frames.ts';

const HOST = '127.0.0.1';
const BOUNDS = { maxConnections: 6, maxPerAddress: 5, maxStrangers: 2 };
const MAX_PER_PEER = 3;
const PASSWORD = 'not looked at here';
const SLOW_BYTES = 64 * 1024;

/** A binding request to this fragment of ours, as a frame. */
const greeting = (usernameFragment: string): Buffer => packetFrame(stunGreeting(usernameFragment));

/** Stands in the place of the native side: a UDP port that answers all packets with themselves. */
async function echo(): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.on('message', (packet, from) => socket.send(packet, from.port, from.address));
  // Free by TCP too, and not one that connections from here may take meanwhile.
  const [port = 0] = await freePorts(1);
  socket.bind(port, HOST);
  await once(socket, 'listening');
  return socket;
}

let worker: UdpSocket;
let expected: ExpectedPeers;
let bridge: IceTcpBridge;
const peers: Socket[] = [];

beforeEach(async () => {
  worker = await echo();
  expected = new ExpectedPeers(MAX_PER_PEER);
  const { port } = worker.address();
  bridge = await IceTcpBridge.open({ port, bindAddress: HOST, peers: expected, ...BOUNDS });
  expected.expect('ours', PASSWORD);
});

afterEach(() => {
  for (const peer of peers.splice(0)) peer.destroy();
  bridge.close();
  worker.close();
});

async function connect(): Promise<Socket> {
  const peer = createConnection(worker.address().port, HOST);
  peer.on('error', () => {});
  peers.push(peer);
  await once(peer, 'connect');
  return peer;
}

/** Resolves once the other side has ended it. */
const ended = (peer: Socket): Promise<unknown> => {
  peer.resume();
  return once(peer, 'close');
};

/** The next packets that come back, as many as are asked for. */
const packets = (peer: Socket, count: number): Promise<Buffer[]> =>
  new Promise((resolve) => {
    const frames = new PacketFrames(4_096);
    const got: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => {
      frames.push(chunk, (packet) => got.push(Buffer.from(packet)));
      if (got.length >= count) resolve(got);
    });
  });

/** A connection that has shown whose it is. */
async function admitted(usernameFragment = 'ours'): Promise<Socket> {
  const peer = await connect();
  peer.write(greeting(usernameFragment));
  await packets(peer, 1);
  return peer;
}

describe('IceTcpBridge', () => {
  it('passes packets both ways in their order, the greeting and what came with it first', async () => {
    const peer = await connect();
    const media = ['one', 'two', 'three'].map((text) => packetFrame(Buffer.from(text)));
    const back = packets(peer, 4);
    peer.write(Buffer.concat([greeting('ours'), ...media]));
    const [first, ...rest] = await back;
    expect(first).toEqual(greeting('ours').subarray(2));
    expect(rest.map(String)).toEqual(['one', 'two', 'three']);
    expect(bridge.counts).toMatchObject({ accepted: 1, refused: 0, dropped: 0 });
  });

  it.each([
    ['a fragment that is not ours', greeting('theirs')],
    ['no binding request', packetFrame(Buffer.from('GET / HTTP/1.1'))],
    ['a length that lies', Buffer.from([0xff, 0xff, 0, 1])],
  ])('ends a connection that begins with %s', async (_what, bytes) => {
    const peer = await connect();
    peer.write(bytes);
    await ended(peer);
    expect(bridge.counts.ended.stranger).toBe(1);
    expect(bridge.connections).toBe(0);
  });

  it('ends one that sends a frame longer than a packet later on', async () => {
    const peer = await admitted();
    peer.write(Buffer.from([8, 1]));
    await ended(peer);
    expect(bridge.counts.ended.malformed).toBe(1);
  });

  it('ends the connections of a session with it, and takes no more for it', async () => {
    const peer = await admitted();
    const end = ended(peer);
    expected.forget('ours');
    await end;
    const late = await connect();
    late.write(greeting('ours'));
    await ended(late);
    expect(bridge.counts.ended).toMatchObject({ closed: 1, stranger: 1 });
  });

  it('forgets one that the peer has ended', async () => {
    for (let i = 0; i < 2 * MAX_PER_PEER; i++) {
      const peer = await admitted();
      peer.end();
      await once(peer, 'close');
    }
    expect(bridge.connections).toBe(0);
    expect(bridge.counts.ended.closed).toBe(2 * MAX_PER_PEER);
  });

  it('holds so many for one session, and not one more', async () => {
    for (let i = 0; i < MAX_PER_PEER; i++) await admitted();
    const more = await connect();
    more.write(greeting('ours'));
    await ended(more);
    expect(bridge.connections).toBe(MAX_PER_PEER);
  });

  it('holds so many from one address, and not one more', async () => {
    expected.expect('mine', PASSWORD);
    for (let i = 0; i < BOUNDS.maxPerAddress; i++) await admitted(i % 2 === 0 ? 'ours' : 'mine');
    await ended(await connect());
    expect(bridge.counts.refused).toBe(1);
    expect(bridge.connections).toBe(BOUNDS.maxPerAddress);
  });

  it('lets the oldest of those that say nothing go when more of them come', async () => {
    const kept = await admitted();
    const [first, second] = [await connect(), await connect()];
    const end = ended(first);
    await connect();
    await end;
    expect(bridge.counts.ended.displaced).toBe(1);
    expect([kept.destroyed, second.destroyed]).toEqual([false, false]);
  });

  it('drops packets for one that does not read, goes on with the others, and lets it catch up', async () => {
    const slow = await admitted();
    const quick = await admitted();
    slow.removeAllListeners('data');
    slow.pause();
    const packet = packetFrame(Buffer.alloc(1_200, 1));
    while (bridge.counts.dropped === 0) {
      for (let bytes = 0; bytes < SLOW_BYTES; bytes += packet.length) slow.write(packet);
      const back = packets(quick, 1);
      quick.write(packetFrame(Buffer.from('still here')));
      expect(String((await back)[0])).toBe('still here');
      quick.removeAllListeners('data');
    }
    const back = packets(slow, 1);
    slow.resume();
    expect((await back)[0]).toHaveLength(1_200);
    expect(bridge.connections).toBe(2);
  });
});
