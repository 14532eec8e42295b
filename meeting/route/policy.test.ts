import { describe, expect, it } from 'vitest';
import { chooseRoute, type RouteFacts, type RoutePerson, routeDeadline } from './policy.ts';

const NOW = 1_000_000;
type Peer = NonNullable<RoutePerson['report']>['peers'][number];

/** So many people who all report the same round trip to each other. */
function people(
  count: number,
  more: Partial<RoutePerson> = {},
  roundTripMs?: number,
): RoutePerson[] {
  const ids = Array.from({ length: count }, (_, i) => `p${i}`);
  return ids.map((participantId) => ({
    participantId,
    role: 'participant',
    video: true,
    screen: false,
    ...(roundTripMs === undefined
      ? {}
      : {
          report: {
            peers: ids
              .filter((id) => id !== participantId)
              .map((id): Peer => ({ participantId: id, state: 'connected', roundTripMs })),
          },
        }),
    ...more,
  }));
}

const choose = (facts: Partial<RouteFacts>) =>
  chooseRoute({
    nowMs: NOW,
    current: { peers: 'mesh', reason: '', since: 0 },
    meshBarredUntil: 0,
    setting: 'auto',
    hasCallServer: true,
    onStage: false,
    people: people(2),
    ...facts,
  });

it('goes over the call server while the room is on stage, and back', () => {
  expect(choose({ onStage: true })).toMatchObject({
    peers: 'callserver',
    reason: 'The room is on stage',
  });
  const current = { peers: 'callserver', reason: 'The room is on stage', since: 0 } as const;
  expect(choose({ current }).peers).toBe('mesh');
});

describe('by how many they are', () => {
  it.each([
    [1, undefined, 'mesh'],
    [2, undefined, 'mesh'],
    [3, undefined, 'mesh'],
    [4, undefined, 'callserver'],
    [100, undefined, 'callserver'],
    // Near each other, one more; far apart, one less.
    [4, 15, 'mesh'],
    [5, 15, 'callserver'],
    [4, 16, 'callserver'],
    [3, 180, 'mesh'],
    [3, 181, 'callserver'],
    [2, 181, 'mesh'],
  ] as const)('%d people, %s ms apart: %s', (count, roundTripMs, peers) => {
    const choice = choose({ people: people(count, {}, roundTripMs) });
    expect(choice.peers).toBe(peers);
    expect(choice.reason).toMatch(
      peers === 'mesh' ? /^Straight is the shortest way/ : /^A mesh is for [234] at most/,
    );
  });

  it('does not take a few near ones for all of them', () => {
    const [a, b, c, d] = people(4, {}, 5);
    const { report: _, ...silent } = d!;
    expect(choose({ people: [a!, b!, c!, silent] }).peers).toBe('callserver');
  });
});

describe('by what the devices bear', () => {
  const report = (more: object) => ({ report: { peers: [], ...more } });

  it('needs an uplink for each other person', () => {
    const need = 2 * (700_000 + 64_000);
    expect(choose({ people: people(3, report({ uplink: need })) }).peers).toBe('mesh');
    const less = choose({ people: people(3, report({ uplink: need - 1 })) });
    expect(less).toMatchObject({ peers: 'callserver', reason: expect.stringContaining('kbit/s') });
    // Between two, the call server would not save anything.
    expect(choose({ people: people(2, report({ uplink: 10_000 })) }).peers).toBe('mesh');
  });

  it('spares a slow device', () => {
    expect(choose({ people: people(3, report({ cpuLimited: true })) }).peers).toBe('callserver');
    expect(choose({ people: people(2, report({ cpuLimited: true })) }).peers).toBe('mesh');
  });
});

describe('when a direct way fails', () => {
  const failing = (): RoutePerson[] => {
    const [a, b] = people(2);
    const peers: Peer[] = [{ participantId: 'p1', state: 'failed' }];
    return [{ ...a!, report: { peers } }, b!];
  };

  it('goes over the call server, and stays there for five minutes', () => {
    const failed = choose({ people: failing() });
    expect(failed).toMatchObject({ peers: 'callserver', meshBarredUntil: NOW + 300_000 });
    const { meshBarredUntil } = failed;
    const current = { ...failed, since: NOW };
    const later = (nowMs: number) => choose({ nowMs, current, meshBarredUntil }).peers;
    expect([later(NOW + 299_999), later(NOW + 300_000)]).toEqual(['callserver', 'mesh']);
    expect(routeDeadline({ current, meshBarredUntil })).toBe(NOW + 300_000);
  });

  it('does not count who is away', () => {
    const [a, b] = failing();
    expect(choose({ people: [a!, { ...b!, goneSince: NOW }] }).peers).toBe('mesh');
    expect(choose({ people: [{ ...a!, goneSince: NOW }, b!] }).peers).toBe('mesh');
  });
});

describe('going back to a mesh', () => {
  it('waits ten seconds since the last change', () => {
    const current = { peers: 'callserver' as const, reason: 'was four', since: NOW };
    const at = (nowMs: number) => choose({ nowMs, current, people: people(3) });
    expect(at(NOW + 9_999)).toMatchObject({ peers: 'callserver', reason: 'was four' });
    expect(at(NOW + 10_000).peers).toBe('mesh');
    expect(routeDeadline({ current, meshBarredUntil: 0 })).toBe(NOW + 10_000);
  });
});

it('does as the host has set it, and without a call server what is left', () => {
  expect(choose({ setting: 'callserver' })).toMatchObject({ peers: 'callserver' });
  expect(choose({ hasCallServer: false, people: people(20) })).toMatchObject({
    peers: 'mesh',
    reason: 'No call server is up',
  });
});
