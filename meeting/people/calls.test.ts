import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { Call } from './call-store.ts';
import { type CallChange, type CallDeps, type Caller, Calls } from './calls.ts';

const MINUTE_MS = 60_000;
const BEGAN = Date.parse('2026-03-01T12:00:00Z');
const CALL: Call = {
  callId: 'call',
  caller: 'ann',
  callerName: 'Ann',
  callerLine: 'line',
  callerBase: 'ws://here',
  callee: 'bob',
  media: 'audio',
  callerCapabilities: {},
  state: 'active',
  since: BEGAN,
  meetingId: 'room',
};

let isEmpty: boolean;
let emptySince: number | undefined;
let ended: string[];
let calls: Calls;
let call: Call;
let told: string[];
let noted: CallChange[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  [isEmpty, emptySince, ended] = [false, undefined, []];
  [call, told, noted] = [CALL, [], []];
  const deps = {
    calls: {
      find: async () => (ended.length === 0 ? call : undefined),
      move: async (moved: Call) => {
        call = moved;
        return true;
      },
      end: async () => true,
      emptySince: async (_callId: string, nowMs: number) => {
        emptySince ??= nowMs;
        return emptySince;
      },
      filled: async () => {
        emptySince = undefined;
      },
    },
    presence: { callOf: async () => 'call', endCall: async () => {}, renewCall: async () => {} },
    channels: {
      tell: async (userId: string) => {
        told.push(userId);
        return true;
      },
    },
    isRoomEmpty: async () => isEmpty,
    endRoom: async (meetingId: string) => {
      ended.push(meetingId);
    },
    presenceChanged: () => {},
    note: (change: CallChange) => noted.push(change),
    log: silentLogger,
  } as unknown as CallDeps;
  calls = new Calls(deps);
});

afterEach(() => {
  vi.useRealTimers();
});

const renewAt = async (sinceBeganMs: number) => {
  vi.setSystemTime(BEGAN + sinceBeganMs);
  await calls.renew('ann');
};

describe('a call that goes on', () => {
  it('outlives its room’s change to another node, however long it has lasted', async () => {
    await renewAt(10 * MINUTE_MS);
    isEmpty = true;
    await renewAt(11 * MINUTE_MS);
    isEmpty = false;
    await renewAt(11 * MINUTE_MS + 15_000);
    isEmpty = true;
    await renewAt(12 * MINUTE_MS);
    await renewAt(12 * MINUTE_MS + 15_000);
    expect(ended).toEqual([]);
  });

  it('ends when nobody has been in its room for more than a minute', async () => {
    isEmpty = true;
    await renewAt(0);
    await renewAt(MINUTE_MS);
    expect(ended).toEqual([]);
    await renewAt(MINUTE_MS + 1);
    expect(ended).toEqual(['room']);
  });

  it('tells both what they agree on whenever one says what it bears, and the books when that is something else', async () => {
    const ann = { userId: 'ann' } as Caller;
    const bears = (maxWidth: number) =>
      calls.receive(ann, { type: 'capabilities', callId: 'call', capabilities: { maxWidth } });
    for (const width of [640, 640, 320]) await bears(width);
    expect(told).toEqual(['ann', 'bob', 'ann', 'bob', 'ann', 'bob']);
    expect(noted.map(({ detail }) => detail)).toMatchObject([{ maxWidth: 640 }, { maxWidth: 320 }]);
  });
});
