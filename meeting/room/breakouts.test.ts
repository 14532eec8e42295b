import { describe, expect, it } from 'vitest';
import { Rehearsal } from './rehearsal.ts';

const rooms = (...names: string[]) => names.map((name) => ({ name }));

describe('breakout rooms', () => {
  it('take those who are named, and spread the others evenly, hosts excepted', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const ids = Array.from({ length: 7 }, () => r.join());
    r.say(host, {
      type: 'breakout-open',
      rooms: [{ name: 'one', participantIds: [ids[0]!] }, { name: 'two' }, { name: 'three' }],
      spread: true,
    });
    const { rooms: opened } = r.told(host, 'breakouts').at(-1)!;
    expect(opened.map(({ participantIds }) => participantIds.length)).toEqual([3, 2, 2]);
    expect(opened[0]?.participantIds).toContain(ids[0]);
    expect(r.state.people[host]?.breakoutId).toBeUndefined();
    expect(r.told(r.join(), 'welcome')[0]?.breakouts?.rooms).toHaveLength(3);
  });

  it('are refused twice, with somebody in two of them, or with strangers', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const a = r.join();
    const open = (participantIds: string[][]) =>
      r.refusal(host, {
        type: 'breakout-open',
        rooms: participantIds.map((ids) => ({ name: 'x', participantIds: ids })),
      });
    expect(open([[a], [a]])).toBe('bad_request');
    expect(open([['zzzzzzzzzzzz']])).toBe('participant_not_found');
    expect(r.state.breakouts).toBeUndefined();
    expect(open([[a]])).toBeUndefined();
    expect(open([[a]])).toBe('conflict');
  });

  it('keep reactions and chat to themselves, except what is said to all', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const [a, b] = [r.join(), r.join()];
    r.say(host, {
      type: 'breakout-open',
      rooms: [
        { name: 'one', participantIds: [a] },
        { name: 'two', participantIds: [b] },
      ],
    });
    r.say(a, { type: 'reaction', emoji: '👍' });
    expect([a, b, host].map((id) => r.told(id, 'reaction').length)).toEqual([1, 0, 0]);
    for (const message of [
      { type: 'chat', message: 'here' },
      { type: 'breakout-broadcast', message: 'two minutes left' },
    ] as const) {
      const who = message.type === 'chat' ? a : host;
      for (const effect of r.of('keep-chat', r.say(who, message))) r.keep(effect);
    }
    expect([a, b, host].map((id) => r.told(id, 'chat').length)).toEqual([2, 1, 1]);
    expect(r.told(b, 'chat')[0]).not.toHaveProperty('everywhere');
  });

  it('hold back what comes from other rooms, whatever a page asks for', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const [a, b] = [r.join(), r.join()];
    const camera = (participantId: string) => ({ participantId, media: 'camera' }) as const;
    r.note(r.room.setStreams([host, a, b].map(camera), r.nowMs));
    const open = r.say(host, {
      type: 'breakout-open',
      rooms: [{ name: 'one', participantIds: [a] }],
    });
    const limits = (effects: typeof open) =>
      Object.fromEntries(
        r
          .of('call-server-limit', effects)
          .map(({ participantId, streams }) => [
            participantId,
            streams.map((one) => one.participantId),
          ]),
      );
    expect(limits(open)).toEqual({ [host]: [b], [a]: [], [b]: [host] });
    const want = { type: 'want', media: 'camera', width: 640, height: 360 } as const;
    expect(r.of('call-server-want', r.say(host, { ...want, participantId: a }))).toEqual([]);
    expect(r.of('call-server-want', r.say(host, { ...want, participantId: b }))).toHaveLength(1);
    expect(limits(r.say(host, { type: 'breakout-close' }))[a]).toEqual([host, b]);
  });

  it('move people, and call them back by hand or when their time is over', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const a = r.join();
    r.say(host, { type: 'breakout-open', rooms: rooms('one', 'two'), seconds: 60 });
    const [, second] = r.state.breakouts!.rooms;
    const assign = { type: 'breakout-assign', participantId: a } as const;
    r.say(host, { ...assign, breakoutId: second!.breakoutId });
    expect(r.state.people[a]?.breakoutId).toBe(second!.breakoutId);
    expect(r.refusal(host, { ...assign, breakoutId: 'zzzzzzzz' })).toBe('not_found');
    expect(r.room.deadline(r.nowMs)).toBe(r.nowMs + 60_000);
    r.pass(59_999);
    expect(r.state.breakouts).toBeDefined();
    r.pass(1);
    expect(r.told(a, 'breakouts').at(-1)?.rooms).toEqual([]);
    expect(r.state.people[a]?.breakoutId).toBeUndefined();
    expect(r.refusal(host, { type: 'breakout-close' })).toBeUndefined();
  });
});
