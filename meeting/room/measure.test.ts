import { describe, expect, it } from 'vitest';
import type { ClientMessageInput } from '#contracts';
import { Rehearsal } from './rehearsal.ts';

const clap: ClientMessageInput = { type: 'reaction', emoji: '👏' };
/** How many of so many were done. */
const done = (r: Rehearsal, id: string, count: number, what: (i: number) => ClientMessageInput) =>
  Array.from({ length: count }, (_, i) => r.refusal(id, what(i))).filter(
    (code) => code === undefined,
  ).length;

describe('what everybody hears of', () => {
  it('is taken a hundred times at once from one person, and refused with a word after', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    expect(done(r, a, 100, () => clap)).toBe(100);
    const effects = r.say(a, clap);
    expect(r.told(a, 'error', effects)).toMatchObject([
      { code: 'too_many', message: 'That is too much at once: wait a moment' },
    ]);
    expect(r.told(b, 'reaction')).toHaveLength(100);
    expect(r.refusal(b, clap)).toBeUndefined();
  });

  it('is never refused to who goes on at fifteen a second', () => {
    const r = new Rehearsal();
    const a = r.join();
    expect(done(r, a, 100, () => clap)).toBe(100);
    for (let second = 0; second < 60; second++) {
      r.nowMs += 1_000;
      expect(done(r, a, 15, () => clap)).toBe(15);
    }
    expect(r.refusal(a, clap)).toBe('too_many');
  });

  it.each<[string, (i: number) => ClientMessageInput]>([
    ['names', (i) => ({ type: 'rename', displayName: `name ${i}` })],
    ['hands', () => ({ type: 'hand-raise' })],
    ['chat', () => ({ type: 'chat', message: 'hello' })],
    ['cameras', () => ({ type: 'unmute', mediaType: 'video' })],
  ])('%s have the same measure, and so have all of them together', (_, what) => {
    const r = new Rehearsal();
    const a = r.join();
    const refused = (count: number) => count - done(r, a, count, what);
    done(r, a, 40, () => clap);
    r.refusal(a, what(0));
    expect(r.told(a, 'error')).toEqual([]);
    const before = r.told(a, 'error').length;
    refused(60);
    expect(r.told(a, 'error').length - before).toBe(1);
  });

  it('has one measure for a person, however often the socket breaks', () => {
    const r = new Rehearsal();
    const a = r.join();
    done(r, a, 100, () => clap);
    r.note(r.room.lose(a, r.nowMs));
    r.note(r.room.resume(a, r.state.people[a]!.resumeKey, r.nowMs));
    expect(r.refusal(a, clap)).toBe('too_many');
  });

  it('ends with a mute, a leave or a locked door all the same', () => {
    const r = new Rehearsal();
    const host = r.join('host', { audio: true });
    const bad = r.join();
    done(r, host, 101, () => clap);
    for (const message of [
      { type: 'mute', mediaType: 'audio' },
      { type: 'lock', locked: true },
      { type: 'mute-all' },
      { type: 'ban', participantId: bad },
      { type: 'leave' },
    ] as const) {
      expect(r.refusal(host, message), message.type).toBeUndefined();
    }
    expect(r.state.people).toEqual({});
  });
});

describe('what a whole room hears of', () => {
  const people = (r: Rehearsal, count: number): string[] => {
    const ids = Array.from({ length: count }, () => r.join());
    r.effects.length = 0;
    return ids;
  };

  it('is a reaction of each of 300 at once, and one in ten of them each second after', () => {
    const r = new Rehearsal({ capacity: 500 });
    const host = r.join('host');
    const ids = people(r, 299);
    for (const id of ids) expect(r.refusal(id, clap)).toBeUndefined();
    for (let i = 0; r.refusal(ids[i]!, clap) === undefined; i++) expect(i).toBeLessThan(10);
    // Hosts have some of it for themselves, and what must not fail does not.
    expect(r.refusal(host, { type: 'poll-create', question: '?', options: ['a', 'b'] })).toBe(
      undefined,
    );
    expect(r.refusal(ids[0]!, { type: 'chat-history', limit: 1 })).toBeUndefined();
    expect(r.refusal(host, { type: 'remove', participantId: ids[0]! })).toBeUndefined();
    for (let second = 0; second < 5; second++) {
      r.nowMs += 1_000;
      for (const id of ids.slice(1, 31)) expect(r.refusal(id, clap)).toBeUndefined();
    }
  });

  it('costs what it costs: sixty who say all they may are heard 10,000 times a second', () => {
    const r = new Rehearsal();
    const ids = people(r, 60);
    const rename = (i: number) => ({ type: 'rename', displayName: `name ${i}` }) as const;
    for (const id of ids) done(r, id, 100, rename);
    let told = 0;
    for (let tenth = 0; tenth < 20; tenth++) {
      r.nowMs += 100;
      r.effects.length = 0;
      for (const id of ids) for (let i = 0; i < 2; i++) r.say(id, rename(1_000 * tenth + i));
      told += r.of('send').filter(({ message }) => message.type === 'participant-updated').length;
    }
    expect(told).toBeLessThanOrEqual(21_000);
    expect(told).toBeGreaterThan(15_000);
  });

  it('is paid for later where one word makes all hear of all', () => {
    const r = new Rehearsal({ capacity: 500 });
    const host = r.join('host');
    people(r, 359);
    const rooms = [{ name: 'one' }, { name: 'two' }];
    const open = { type: 'breakout-open', rooms, spread: true } as const;
    expect(r.refusal(host, open)).toBeUndefined();
    expect(r.refusal(host, { type: 'rename', displayName: 'x' })).toBe('too_many');
    expect(r.refusal(host, { type: 'breakout-close' })).toBeUndefined();
    r.nowMs += 12_000;
    expect(r.refusal(host, { type: 'rename', displayName: 'x' })).toBe('too_many');
    r.nowMs += 100;
    expect(r.refusal(host, { type: 'rename', displayName: 'x' })).toBeUndefined();
  });
});

describe('what is passed on', () => {
  const offer = (to: string, bytes: number): ClientMessageInput => ({
    type: 'offer',
    to,
    sdp: 'x'.repeat(bytes),
  });
  /** With the hundred that every message costs, and `{}` for its labels. */
  const QUARTER = 32 * 1024 - 102;

  it('is 128 KiB at once from one to another, and 16 KiB a second', () => {
    const r = new Rehearsal();
    const [a, b, c] = [r.join(), r.join(), r.join()];
    expect(done(r, a, 5, () => offer(b, QUARTER))).toBe(4);
    expect(r.told(b, 'offer')).toHaveLength(4);
    expect(r.refusal(a, offer(c, QUARTER))).toBeUndefined();
    expect(r.refusal(c, offer(b, QUARTER))).toBeUndefined();
    r.nowMs += 1_999;
    expect(r.refusal(a, offer(b, QUARTER))).toBe('too_many');
    r.nowMs += 2;
    expect(r.refusal(a, offer(b, QUARTER))).toBeUndefined();
  });

  it('is 512 KiB at once to one person, whoever says it', () => {
    const r = new Rehearsal();
    r.hasCallServer = false;
    const target = r.join();
    const others = Array.from({ length: 17 }, () => r.join());
    for (const id of others.slice(0, 16)) {
      expect(r.refusal(id, offer(target, QUARTER))).toBeUndefined();
    }
    expect(r.refusal(others[16]!, offer(target, QUARTER))).toBe('too_many');
    const candidate = { candidate: 'candidate:1', sdpMid: '0' };
    expect(r.refusal(others[16]!, { type: 'ice-candidate', to: target, candidate })).toBe(
      'too_many',
    );
    expect(r.refusal(others[16]!, offer(others[0]!, QUARTER))).toBeUndefined();
  });
});

describe('who waits', () => {
  it('has a measure for names, and hosts hear of many of them at once', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    const guest = r.join();
    const lists = () => r.told(host, 'waiting-list');
    const rename = (i: number) => ({ type: 'rename', displayName: `name ${i}` }) as const;
    expect(done(r, guest, 100, rename)).toBe(100);
    expect(r.refusal(guest, rename(100))).toBe('too_many');
    expect(lists()).toHaveLength(1);
    expect(r.room.deadline(r.nowMs)).toBe(r.nowMs + 200);
    r.pass(199);
    expect(lists()).toHaveLength(1);
    r.pass(1);
    expect(lists()).toHaveLength(2);
    expect(lists().at(-1)?.waiting).toMatchObject([{ displayName: 'name 99' }]);
    r.pass(200);
    expect(lists()).toHaveLength(2);
    expect(r.room.deadline(r.nowMs)).toBeUndefined();
  });

  it('is told of at once where nothing was for a while', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    for (let i = 1; i <= 3; i++) {
      r.join();
      expect(r.told(host, 'waiting-list')).toHaveLength(i);
      r.nowMs += 200;
    }
  });
});

describe('votes', () => {
  it('that come at once are told at once, and the end of a poll without delay', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const people = Array.from({ length: 20 }, () => r.join());
    r.say(host, { type: 'poll-create', question: 'Tea?', options: ['yes', 'no'] });
    const polls = () => r.told(host, 'poll').map(({ poll }) => poll.voters);
    const { pollId } = r.told(host, 'poll')[0]!.poll;
    for (const id of people.slice(1)) r.say(id, { type: 'poll-vote', pollId, options: [0] });
    r.pass(200);
    expect(polls()).toEqual([0, 1, 19]);
    r.say(people[0]!, { type: 'poll-vote', pollId, options: [1] });
    r.say(host, { type: 'poll-close', pollId });
    expect(r.told(host, 'poll').at(-1)?.poll).toMatchObject({ voters: 20, open: false });
  });
});

describe('sockets', () => {
  it('that come and go are told five times a second, and how it is at last', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    const key = r.state.people[a]!.resumeKey;
    const told = () => r.told(b, 'participant-updated').map((one) => one.participant.connected);
    for (let i = 0; i < 50; i++) {
      r.note(r.room.lose(a, r.nowMs));
      r.note(r.room.resume(a, key, r.nowMs));
    }
    expect(told()).toEqual([false]);
    r.pass(200);
    expect(told()).toEqual([false, true]);
    r.note(r.room.lose(a, r.nowMs));
    r.say(a, { type: 'leave' });
    r.pass(200);
    expect(told()).toEqual([false, true]);
  });
});

describe('the waiting room', () => {
  const code = (work: () => unknown): string | undefined => {
    try {
      work();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('takes 5 of one browser and not one more, but for those whose socket is gone', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const mine = { mark: 'browser' };
    const ids = Array.from({ length: 5 }, () => r.join('participant', mine));
    expect(code(() => r.join('participant', mine))).toBe(
      '5 are waiting from this browser: try again later',
    );
    expect(Object.keys(r.state.waiting)).toEqual(ids);
    expect(code(() => r.join('participant', { mark: 'another' }))).toBeUndefined();
    r.note(r.room.lose(ids[2]!, r.nowMs));
    expect(code(() => r.join('participant', mine))).toBeUndefined();
    expect(r.state.waiting[ids[2]!]).toBeUndefined();
    expect(code(() => r.join('participant', mine))).toContain('from this browser');
    expect(code(() => r.join('host', mine))).toBeUndefined();
  });

  it('takes 150 of one address and not one more, and 200 of all', () => {
    const r = new Rehearsal({ waitingRoom: true });
    for (let i = 0; i < 150; i++) r.join('participant', { network: 'school' });
    expect(code(() => r.join('participant', { network: 'school' }))).toBe(
      '150 are waiting from your network: try again later',
    );
    for (let i = 150; i < 200; i++) r.join('participant', { network: `home ${i}` });
    expect(code(() => r.join('participant', { network: 'late' }))).toBe(
      '200 are waiting already: try again later',
    );
    // Somebody whose socket is gone gives up the place.
    r.note(r.room.lose(Object.keys(r.state.waiting)[0] ?? '', r.nowMs));
    expect(code(() => r.join('participant', { network: 'late' }))).toBeUndefined();
    expect(Object.keys(r.state.waiting)).toHaveLength(200);
  });
});
