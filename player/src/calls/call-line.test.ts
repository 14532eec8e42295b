import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallEvent } from '#contracts';
import { FakeSocket } from '../room/signal/fake-socket.ts';
import type { SocketState } from '../room/signal/reconnecting-socket.ts';
import { CallLine } from './call-line.ts';

const sockets: FakeSocket[] = [];
const heard: CallEvent[] = [];
const states: SocketState[] = [];
let addresses: (string | Error)[];
/** Answers that have not come yet. */
const late: { signal: AbortSignal; resolve: (address: string) => void }[] = [];
let line: CallLine;
let end: string | undefined;
const latest = () => sockets.at(-1) as FakeSocket;
const RETRY = { baseMs: 100, capMs: 100, jitter: 0, attempts: Infinity };

beforeEach(() => {
  vi.useFakeTimers();
  for (const list of [sockets, heard, states, late]) list.length = 0;
  addresses = ['ws://first', 'ws://second', 'ws://third'];
  end = undefined;
  line = new CallLine({
    address: async (signal) => {
      const next = addresses.shift();
      if (next === 'hangs') return new Promise((resolve) => late.push({ signal, resolve }));
      if (typeof next === 'string') return next;
      throw next;
    },
    onEvent: (event) => heard.push(event),
    onState: (state) => states.push(state),
    onEnd: (reason) => {
      end = reason;
    },
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    retry: RETRY,
  });
});

afterEach(() => {
  line.close();
  vi.useRealTimers();
});

const connected = async () => {
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
};

describe('the line of an account', () => {
  it('asks where to connect to before each attempt, also after a failure to be told', async () => {
    addresses = [new Error('offline'), 'ws://second'];
    await connected();
    latest().breaks();
    await vi.advanceTimersByTimeAsync(RETRY.baseMs);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(RETRY.baseMs);
    expect(sockets.map(({ url }) => url)).toEqual(['ws://first', 'ws://second']);
    latest().opens();
    expect(states).toEqual(['open', 'reconnecting', 'open']);
  });

  it('gives an address up that does not come, and asks again', async () => {
    addresses = ['hangs', 'ws://second'];
    await connected();
    latest().breaks();
    await vi.advanceTimersByTimeAsync(RETRY.baseMs + 7_999);
    expect([sockets.length, late[0]?.signal.aborted]).toEqual([1, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(late[0]?.signal.aborted).toBe(true);
    late[0]?.resolve('ws://late');
    await vi.advanceTimersByTimeAsync(RETRY.baseMs);
    expect(sockets.map(({ url }) => url)).toEqual(['ws://first', 'ws://second']);
    latest().opens();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(states).toEqual(['open', 'reconnecting', 'open']);
  });

  it('gives the socket what the address has left of the time', async () => {
    addresses = ['hangs', 'ws://third'];
    await connected();
    latest().breaks();
    await vi.advanceTimersByTimeAsync(RETRY.baseMs + 7_000);
    late[0]?.resolve('ws://second');
    await vi.advanceTimersByTimeAsync(1_000 + RETRY.baseMs);
    expect(sockets.map(({ url }) => url)).toEqual(['ws://first', 'ws://second', 'ws://third']);
  });

  it('answers what was asked, and refuses with the connection what had no answer', async () => {
    await connected();
    const asked = line.request({ type: 'missed-seen' });
    const refused = line.request({ type: 'decline', callId: 'x' });
    const lost = line.request({ type: 'missed-seen' });
    const [first, second] = latest().sent;
    latest().says({ type: 'ok', ref: first?.ref });
    latest().says({ type: 'error', ref: second?.ref, code: 'not_found', message: 'no' });
    await expect(asked).resolves.toBeDefined();
    await expect(refused).rejects.toMatchObject({ code: 'not_found', message: 'no' });
    const isLost = expect(lost).rejects.toMatchObject({ code: 'closed' });
    latest().breaks();
    await isLost;
    await expect(line.request({ type: 'missed-seen' })).rejects.toMatchObject({ code: 'closed' });
  });

  it('gives a connection up that is silent, and keeps one that answers', async () => {
    await connected();
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(10_000);
      latest().says({ type: 'pong', sent: 0, serverTime: 0 });
    }
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it('passes on what is heard, and comes again after all but a flood', async () => {
    await connected();
    latest().says({ type: 'contacts-changed' });
    expect(heard).toEqual([{ type: 'contacts-changed' }]);
    latest().breaks(1012);
    await vi.advanceTimersByTimeAsync(RETRY.baseMs);
    latest().opens();
    expect(end).toBeUndefined();
    latest().breaks(1008);
    expect(end).toBe('why');
    expect(states.at(-1)).toBe('closed');
  });

  it('opens nothing once it is closed, whatever answer comes late', async () => {
    await connected();
    latest().breaks();
    vi.advanceTimersByTime(RETRY.baseMs);
    line.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(sockets).toHaveLength(1);
    expect(addresses).toEqual(['ws://third']);
  });
});
