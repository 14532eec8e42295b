import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOSE_CODES, type ServerMessage } from '#contracts';
import { FakeSocket } from './fake-socket.ts';
import type { SocketState } from './reconnecting-socket.ts';
import { SignalClient } from './signal-client.ts';

const sockets: FakeSocket[] = [];
const heard: ServerMessage[] = [];
const states: SocketState[] = [];
const ends: number[] = [];
const refusals: (string | undefined)[] = [];
let client: SignalClient;
const latest = () => sockets.at(-1) as FakeSocket;
const WELCOME = { type: 'welcome', sequence: 1, resumeKey: 'key', resumed: false };

beforeEach(() => {
  vi.useFakeTimers();
  for (const list of [sockets, heard, states, ends, refusals]) list.length = 0;
  client = new SignalClient({
    url: 'ws://a.example/signal/meetings/m?token=first',
    join: () => ({ type: 'join', participantId: 'abcdefghjkmn', audio: true }),
    onMessage: (message) => heard.push(message),
    onState: (state) => states.push(state),
    onEnd: ({ code, refusal }) => {
      ends.push(code);
      refusals.push(refusal?.code);
    },
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
  });
});

afterEach(() => {
  client.leave();
  vi.useRealTimers();
});

describe('SignalClient', () => {
  it('joins first and says nothing else before it is welcome', () => {
    client.send({ type: 'hand-raise' });
    latest().opens();
    expect(latest().sent.map(({ type }) => type)).toEqual(['join']);
    latest().says(WELCOME);
    expect(latest().sent.map(({ type }) => type)).toEqual(['join', 'hand-raise']);
  });

  it('answers a request by its ok or its error', async () => {
    latest().opens();
    latest().says(WELCOME);
    const good = client.request({ type: 'chat', message: 'hello' });
    const bad = client.request({ type: 'lock', locked: true });
    const [chat, lock] = latest().sent.slice(1);
    latest().says({ type: 'ok', sequence: 2, ref: chat?.['ref'], messageId: 'm' });
    latest().says({
      type: 'error',
      sequence: 3,
      ref: lock?.['ref'],
      code: 'forbidden',
      message: 'hosts only',
    });
    expect(await good).toMatchObject({ messageId: 'm' });
    await expect(bad).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('resumes after a break, says again what has no answer, and hears nothing twice', () => {
    latest().opens();
    latest().says(WELCOME);
    latest().says({ type: 'reaction', sequence: 2, from: 'x', emoji: '👏' });
    client.send({ type: 'chat', message: 'one' });
    const [, first] = latest().sent;
    latest().breaks();
    client.send({ type: 'chat', message: 'two' });
    vi.advanceTimersByTime(300);
    latest().opens();
    expect(latest().sent).toEqual([
      { type: 'resume', participantId: 'abcdefghjkmn', resumeKey: 'key', sequence: 2 },
    ]);
    latest().says({ type: 'resumed', sequence: 3 });
    expect(latest().sent.slice(1)).toMatchObject([first, { type: 'chat', message: 'two' }]);
    latest().says({ type: 'reaction', sequence: 2, from: 'x', emoji: '👏' });
    expect(heard.filter(({ type }) => type === 'reaction')).toHaveLength(1);
    expect(states).toEqual(['open', 'reconnecting', 'open']);
  });

  it('comes back with the newest token', () => {
    latest().opens();
    latest().says(WELCOME);
    latest().says({ type: 'token', sequence: 0, token: 'second', expiresAt: 0, iceServers: [] });
    // Who opens connections needs what else is in it.
    expect(heard.at(-1)?.type).toBe('token');
    latest().breaks();
    vi.advanceTimersByTime(300);
    expect(latest().url).toContain('token=second');
  });

  it('waits longer from attempt to attempt, and gives up after the last', () => {
    latest().opens();
    latest().says(WELCOME);
    latest().breaks();
    const waits: number[] = [];
    while (ends.length === 0 && waits.length < 100) {
      const before = sockets.length;
      let waited = 0;
      while (sockets.length === before && waited < 20_000) {
        vi.advanceTimersByTime(50);
        waited += 50;
      }
      waits.push(waited);
      latest().breaks();
    }
    expect(waits).toHaveLength(80);
    expect(waits[0]).toBeLessThanOrEqual(250);
    expect(waits[1]).toBeLessThanOrEqual(500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
  });

  it('takes silence for a break', () => {
    latest().opens();
    latest().says(WELCOME);
    vi.advanceTimersByTime(5_000);
    expect(latest().sent.at(-1)?.['type']).toBe('ping');
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    expect(sockets).toHaveLength(2);
  });

  it('looks at once whether it is dead, too, where something else has gone silent', () => {
    latest().opens();
    latest().says(WELCOME);
    vi.advanceTimersByTime(100);
    client.probe();
    client.probe();
    expect(latest().sent.filter(({ type }) => type === 'ping')).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    latest().says({ type: 'pong', sequence: 0, sent: 0, serverTime: 0 });
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(1);
    client.probe();
    vi.advanceTimersByTime(2_000);
    expect(sockets).toHaveLength(2);
  });

  it('says why it was not let in, or not back in', () => {
    latest().opens();
    latest().says({ type: 'error', sequence: 0, code: 'meeting_locked', message: 'locked' });
    latest().breaks(CLOSE_CODES.notJoined);
    expect([ends, refusals]).toEqual([[CLOSE_CODES.notJoined], ['meeting_locked']]);
  });

  it('forgets a refusal of an earlier connection, and takes no other error for one', () => {
    latest().opens();
    latest().says({ type: 'error', sequence: 0, code: 'unavailable', message: 'later' });
    latest().breaks(1012);
    vi.advanceTimersByTime(400);
    latest().opens();
    latest().says(WELCOME);
    latest().says({ type: 'error', sequence: 0, code: 'bad_request', message: 'what?' });
    latest().breaks(CLOSE_CODES.ended);
    expect(refusals).toEqual([undefined]);
  });

  it.each([
    1008,
    1009,
    CLOSE_CODES.replaced,
    CLOSE_CODES.removed,
    CLOSE_CODES.ended,
    CLOSE_CODES.notJoined,
  ])('does not come back after %d', async (code) => {
    latest().opens();
    latest().says(WELCOME);
    const waiting = client.request({ type: 'hand-raise' });
    latest().breaks(code);
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    vi.advanceTimersByTime(60_000);
    expect(ends).toEqual([code]);
    expect(sockets).toHaveLength(1);
  });

  it('refuses the request after the 100th that has no answer', async () => {
    for (let i = 0; i < 100; i++) client.send({ type: 'hand-raise' });
    await expect(client.request({ type: 'hand-raise' })).rejects.toMatchObject({ code: 'busy' });
  });

  it('is not thrown off by what is no JSON', () => {
    latest().opens();
    latest().onmessage?.({ data: 'x{' });
    latest().says(WELCOME);
    expect(heard.map(({ type }) => type)).toEqual(['welcome']);
  });
});
