import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { silentLogger } from '#base';
import { FloodGuard } from './flood-guard.ts';
import { errorFrame, unnumbered } from './frames.ts';
import { Outbox } from './outbox.ts';
import { RoomSocket } from './room-socket.ts';

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readyState = 1;
  bufferedAmount = 0;
  readonly closes: number[] = [];
  send(): void {}
  close(code: number): void {
    this.readyState = 2;
    this.closes.push(code);
  }
  say(message: object): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false);
  }
}

function open(guard = new FloodGuard()) {
  const fake = new FakeSocket();
  const listener = { open: vi.fn(), accepted: vi.fn(), receive: vi.fn(), closed: vi.fn() };
  const socket = new RoomSocket(fake as unknown as WebSocket, {
    id: 'n:1',
    listener,
    flood: { guard, who: 'ann' },
    log: silentLogger,
  });
  return { fake, socket, listener };
}

it.each([
  new Outbox().push({ type: 'waiting', resumeKey: 'k' }),
  new Outbox().push({ type: 'welcome', chat: [] } as never),
  unnumbered({ type: 'resumed' }),
])('knows that the room has taken somebody by %s, once', (text) => {
  const { fake, socket, listener } = open();
  fake.say({ type: 'join', participantId: '00000000000a' });
  socket.send(errorFrame(new Error('no'), undefined));
  expect(listener.accepted).not.toHaveBeenCalled();
  socket.send(text);
  socket.send(text);
  expect(listener.accepted.mock.calls).toEqual([[socket]]);
  fake.emit('close');
});

it('gives who comes by another socket no other measure', () => {
  const guard = new FloodGuard();
  const first = open(guard);
  for (let i = 0; i < 200; i++) first.fake.say({ type: 'ping', sent: i });
  first.fake.emit('close');
  expect(first.fake.closes).toEqual([]);
  const second = open(guard);
  for (let i = 0; i < 100; i++) second.fake.say({ type: 'ping', sent: i });
  expect(second.fake.closes).toEqual([1008]);
  second.fake.emit('close');
});
