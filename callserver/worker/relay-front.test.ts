import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stunGreeting } from '#support';
import { ExpectedPeers } from './expected-peers.ts';
import { RelayFront } from './relay-front.ts';

const HOST = '127.0.0.1';
const MAX_FLOWS = 2;

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

let worker: Socket;
let peers: ExpectedPeers;
let front: RelayFront;
const senders: Socket[] = [];

beforeEach(async () => {
  // Stands in the place of the native side: all packets come back as they are.
  worker = await bound();
  worker.on('message', (packet, from) => worker.send(packet, from.port, from.address));
  peers = new ExpectedPeers(MAX_FLOWS + 1);
  peers.expect('ours', 'not looked at here');
  front = await RelayFront.open({
    port: 0,
    bindAddress: HOST,
    workerPort: worker.address().port,
    peers,
    maxFlows: MAX_FLOWS,
  });
});

afterEach(() => {
  for (const sender of senders.splice(0)) sender.close();
  front.close();
  worker.close();
});

async function sender(): Promise<Socket> {
  const socket = await bound();
  senders.push(socket);
  return socket;
}

/** What comes back for a packet. */
async function ask(socket: Socket, packet: Buffer): Promise<Buffer> {
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(packet, front.port, HOST);
  return (await answer)[0];
}

describe('RelayFront', () => {
  it('passes packets both ways for who names a session of ours first', async () => {
    const socket = await sender();
    expect(await ask(socket, stunGreeting('ours'))).toEqual(stunGreeting('ours'));
    expect(String(await ask(socket, Buffer.from('media')))).toBe('media');
    expect(front.counts).toEqual({ accepted: 1, refused: 0, strangers: 0, dropped: 0 });
  });

  it('holds nothing for strangers', async () => {
    const stranger = await sender();
    stranger.send(stunGreeting('theirs'), front.port, HOST);
    stranger.send(Buffer.from('media'), front.port, HOST);
    // Packets on loopback keep their order: once this one is answered, those were seen.
    await ask(await sender(), stunGreeting('ours'));
    expect(front.counts.strangers).toBe(2);
    expect(front.flows).toBe(1);
  });

  it('holds so many flows, and not one more', async () => {
    const held = [await sender(), await sender()];
    for (const socket of held) await ask(socket, stunGreeting('ours'));
    const more = await sender();
    more.send(stunGreeting('ours'), front.port, HOST);
    for (const socket of held) await ask(socket, Buffer.from('media'));
    expect(front.flows).toBe(MAX_FLOWS);
    expect(front.counts.refused).toBe(1);
  });

  it('ends the flows of a session with it', async () => {
    const socket = await sender();
    await ask(socket, stunGreeting('ours'));
    peers.forget('ours');
    expect(front.flows).toBe(0);
    socket.send(Buffer.from('media'), front.port, HOST);
    peers.expect('others', 'not looked at here');
    await ask(await sender(), stunGreeting('others'));
    expect(front.counts.strangers).toBe(1);
  });
});
