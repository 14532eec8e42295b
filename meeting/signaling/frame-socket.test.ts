import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { AmphiError, silentLogger } from '#base';
import { FloodGuard } from './flood-guard.ts';
import { FrameSocket } from './frame-socket.ts';

/** What a FrameSocket uses of a WebSocket. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly closes: [number, string][] = [];
  pings = 0;
  isTerminated = false;

  send(text: string): void {
    this.sent.push(text);
  }
  close(code: number, reason: string): void {
    this.readyState = 2;
    this.closes.push([code, reason]);
  }
  ping(): void {
    this.pings++;
  }
  terminate(): void {
    this.isTerminated = true;
    this.readyState = 3;
    this.emit('close');
  }
}

const schema = z.strictObject({ type: z.literal('hello'), ref: z.string().optional() });

function open(receive: (message: z.output<typeof schema>) => void = () => {}) {
  const fake = new FakeSocket();
  const closed = vi.fn();
  const socket = new FrameSocket(fake as unknown as WebSocket, {
    id: 'n:1',
    schema,
    receive,
    closed,
    flood: { guard: new FloodGuard(), who: 'ann' },
    log: silentLogger,
  });
  const say = (text: string, isBinary = false) => fake.emit('message', Buffer.from(text), isBinary);
  const errors = () => fake.sent.map((text) => JSON.parse(text) as { code: string; ref?: string });
  return { fake, socket, closed, say, errors };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a frame', () => {
  it.each([
    ['{', 'bad_request', undefined],
    ['"x"', 'bad_request', undefined],
    ['null', 'bad_request', undefined],
    ['{"type":"bye","ref":"r"}', 'bad_request', 'r'],
    ['{"type":"hello","hat":1,"ref":"r"}', 'unknown_field', 'r'],
    ['{"type":"bye","ref":7}', 'bad_request', undefined],
  ])('%s is answered with %s', (text, code, ref) => {
    const { say, errors, fake } = open();
    say(text);
    expect(errors()).toMatchObject([{ type: 'error', sequence: 0, code }]);
    expect(errors()[0]?.ref).toBe(ref);
    expect(fake.closes).toEqual([]);
  });

  it('that is binary is none, whatever stands in it', () => {
    const receive = vi.fn();
    const { say, errors } = open(receive);
    say('{"type":"hello"}', true);
    expect(errors()).toMatchObject([{ code: 'bad_request' }]);
    say('{"type":"hello"}');
    expect(receive).toHaveBeenCalledTimes(1);
  });

  it('whose handling fails is answered, and tells nothing of what went wrong inside', () => {
    const { say, errors } = open(({ ref }) => {
      throw ref === 'known' ? new AmphiError('forbidden', 'No') : new Error('secret path');
    });
    say('{"type":"hello","ref":"known"}');
    say('{"type":"hello","ref":"other"}');
    expect(errors()).toMatchObject([
      { code: 'forbidden', message: 'No', ref: 'known' },
      { code: 'internal', ref: 'other' },
    ]);
    expect(JSON.stringify(errors())).not.toContain('secret');
  });
});

describe('the bounds', () => {
  it('take 200 at once and close with the next', () => {
    const receive = vi.fn();
    const { say, fake } = open(receive);
    for (let i = 0; i < 200; i++) say('{"type":"hello"}');
    expect([receive.mock.calls.length, fake.closes.length]).toEqual([200, 0]);
    say('{"type":"hello"}');
    expect([receive.mock.calls.length, fake.closes[0]?.[0]]).toEqual([200, 1008]);
    say('{"type":"hello"}');
    expect(receive).toHaveBeenCalledTimes(200);
  });

  it('take two mebibytes at once and close with the next', () => {
    const { say, fake } = open();
    const large = 'x'.repeat(256 * 1024);
    for (let i = 0; i < 8; i++) say(large);
    expect(fake.closes).toEqual([]);
    say('x'.repeat(1024));
    expect(fake.closes[0]?.[0]).toBe(1008);
  });

  it('let a mebibyte wait to be read, and cut off who lets more wait', () => {
    const { socket, fake } = open();
    fake.bufferedAmount = 1024 * 1024;
    socket.send('a');
    expect(fake.sent).toEqual(['a']);
    fake.bufferedAmount++;
    socket.send('b');
    expect(fake.sent).toEqual(['a']);
    expect(fake.closes[0]?.[0]).toBe(4008);
    // A peer that does not answer the close is not waited for.
    vi.advanceTimersByTime(2_000);
    expect(fake.isTerminated).toBe(true);
    socket.send('c');
    expect(fake.sent).toEqual(['a']);
  });

  it('ask for a sign of life, and give up at the third beat without one', () => {
    const { socket, fake, closed, say } = open();
    const beats = (count: number) => {
      for (let i = 0; i < count; i++) socket.beat();
    };
    beats(2);
    expect([fake.pings, fake.isTerminated]).toEqual([2, false]);
    fake.emit('pong');
    beats(2);
    say('{"type":"hello"}');
    beats(2);
    expect(fake.isTerminated).toBe(false);
    beats(1);
    expect([fake.isTerminated, closed.mock.calls.length]).toEqual([true, 1]);
  });

  it('are not held against who could not be heard while this process stood still', () => {
    const { socket, fake } = open();
    socket.beat();
    vi.advanceTimersByTime(60_000);
    socket.beat();
    expect(fake.isTerminated).toBe(false);
  });
});
