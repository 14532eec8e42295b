import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { beforeEach, expect, it } from 'vitest';
import { Connections } from './connections.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  destroyed = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

let server: EventEmitter;
let connections: Connections;

beforeEach(() => {
  server = new EventEmitter();
  connections = new Connections(2);
  connections.watch(server as Server);
});

function connect(address: string): FakeSocket {
  const socket = new FakeSocket(address);
  server.emit('connection', socket);
  return socket;
}

it.each([
  ['an address', ['192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1'], '192.0.2.2'],
  ['a subscriber', ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::'], '2001:db8:0:1::1'],
  [
    'an address behind NAT64',
    ['64:ff9b::c000:201', '64:ff9b::192.0.2.1', '192.0.2.1'],
    '64:ff9b::c000:202',
  ],
])('takes as many as it may of %s, not one more, and others beside', (_who, addresses, other) => {
  const [first, second, third] = addresses.map(connect);
  expect([first, second, third].map((socket) => socket?.destroyed)).toEqual([false, false, true]);
  expect(connect(other).destroyed).toBe(false);
  expect([connections.open, connections.refused]).toEqual([3, 1]);
  first?.emit('close');
  expect(connect(addresses[2] ?? '').destroyed).toBe(false);
  expect(connections.open).toBe(3);
});
