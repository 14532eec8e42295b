import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { Call } from './call-store.ts';
import { type CallDeps, Calls } from './calls.ts';

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

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  [isEmpty, emptySince, ended] = [false, undefined, []];
  const deps = {
    calls: {
      find: async () => (ended.length === 0 ? CALL : undefined),
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
    channels: { tell: async () => true },
    isRoomEmpty: async () => isEmpty,
    endRoom: async (meetingId: string) => {
      ended.push(meetingId);
    },
    presenceChanged: () => {},
    note: () => {},
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
});
