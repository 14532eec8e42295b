import { describe, expect, it } from 'vitest';
import type { ClientMessageInput, ParticipantRole } from '#contracts';
import { Rehearsal } from './rehearsal.ts';

const on = (participantId: string): Record<string, ClientMessageInput> => ({
  lock: { type: 'lock', locked: true },
  'mute-participant': { type: 'mute-participant', participantId },
  'mute-all': { type: 'mute-all' },
  'ask-to-unmute': { type: 'ask-to-unmute', participantId },
  'stop-video': { type: 'stop-video', participantId },
  remove: { type: 'remove', participantId },
  ban: { type: 'ban', participantId },
  'make-host': { type: 'make-host', participantId },
  'make-cohost': { type: 'make-cohost', participantId },
  'make-participant': { type: 'make-participant', participantId, role: 'viewer' },
  'hand-lower': { type: 'hand-lower', participantId },
  'poll-create': { type: 'poll-create', question: '?', options: ['a', 'b'] },
  'breakout-open': { type: 'breakout-open', rooms: [{ name: 'one' }] },
  end: { type: 'end' },
});

describe('who may do what', () => {
  const hostsOnly = new Set(['make-host', 'make-cohost', 'end']);
  const cases = Object.keys(on('')).flatMap((name) =>
    (['host', 'co-host', 'participant', 'viewer'] as const).map((role) => ({
      name,
      role,
      may: role === 'host' || (role === 'co-host' && !hostsOnly.has(name)),
    })),
  );

  it.each(cases)('$role, $name: $may', ({ name, role, may }) => {
    const r = new Rehearsal();
    const host = r.join('host');
    const actor = role === 'host' ? host : r.join(role as ParticipantRole);
    const target = r.join();
    const before = JSON.stringify(r.state.people[target]);
    expect(r.refusal(actor, on(target)[name]!)).toBe(may ? undefined : 'forbidden');
    if (!may) expect(JSON.stringify(r.state.people[target])).toBe(before);
  });

  it('a co-host does nothing against hosts', () => {
    const r = new Rehearsal();
    const host = r.join('host', { audio: true });
    const cohost = r.join('co-host');
    for (const name of ['mute-participant', 'stop-video', 'remove', 'ban', 'make-participant']) {
      expect(r.refusal(cohost, on(host)[name]!), name).toBe('forbidden');
    }
    expect(r.state.people[host]).toMatchObject({ role: 'host', audio: true });
  });

  it('names somebody who is not there', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    for (const name of ['mute-participant', 'remove', 'make-host', 'hand-lower', 'stop-video']) {
      expect(r.refusal(host, on('zzzzzzzzzzzz')[name]!), name).toBe('participant_not_found');
    }
  });

  it('leaves a meeting at least one host', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const message = on(host)['make-participant']!;
    expect(r.refusal(host, message)).toBe('conflict');
    expect(r.refusal(host, on(host)['make-cohost']!)).toBe('conflict');
    r.say(host, { type: 'make-host', participantId: r.join() });
    expect(r.refusal(host, message)).toBeUndefined();
  });
});

describe('muting', () => {
  it('mutes one, tells who it was, and pauses what is sent', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join('participant', { audio: true });
    const effects = r.say(host, { type: 'mute-participant', participantId: guest });
    expect(r.told(guest, 'muted-by-host', effects)).toMatchObject([
      { by: host, mediaType: 'audio' },
    ]);
    expect(r.told(host, 'media-update', effects)).toMatchObject([{ audio: false }]);
    expect(r.of('stream', effects)).toMatchObject([{ media: 'microphone', on: false }]);
  });

  it('mutes all but hosts', () => {
    const r = new Rehearsal();
    const host = r.join('host', { audio: true });
    const guests = [r.join('participant', { audio: true }), r.join('participant', { audio: true })];
    const other = r.join('co-host', { audio: true });
    r.say(host, { type: 'mute-all' });
    expect([host, ...guests, other].map((id) => r.state.people[id]?.audio)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('where people may not unmute themselves, they may when asked to, until muted again', () => {
    const r = new Rehearsal({ unmuteSelf: false });
    const host = r.join('host');
    const guest = r.join();
    const unmute = { type: 'unmute', mediaType: 'audio' } as const;
    expect(r.refusal(guest, unmute)).toBe('forbidden');
    expect(r.refusal(guest, { type: 'unmute', mediaType: 'video' })).toBeUndefined();
    r.say(host, { type: 'ask-to-unmute', participantId: guest });
    expect(r.told(guest, 'asked-to-unmute')).toHaveLength(1);
    expect(r.refusal(guest, unmute)).toBeUndefined();
    r.say(host, { type: 'mute-participant', participantId: guest });
    expect(r.refusal(guest, unmute)).toBe('forbidden');
  });

  it('stops a share of a screen with its sound', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join();
    r.say(guest, { type: 'unmute', mediaType: 'screen' });
    r.say(guest, { type: 'unmute', mediaType: 'screen-audio' });
    r.say(host, { type: 'stop-video', participantId: guest, mediaType: 'screen' });
    expect(r.state.people[guest]).toMatchObject({ screen: false, screenAudio: false });
  });

  it('lets screens be shared as was set', () => {
    const r = new Rehearsal({ screenShare: 'hosts' });
    const share = { type: 'unmute', mediaType: 'screen' } as const;
    expect(r.refusal(r.join('host'), share)).toBeUndefined();
    expect(r.refusal(r.join(), share)).toBe('forbidden');
  });
});

describe('sending away', () => {
  it('removes somebody, whose token opens nothing again, but who may ask for another', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join('participant', { mark: 'browser' });
    const effects = r.say(host, { type: 'remove', participantId: guest });
    expect(r.told(guest, 'removed', effects)).toMatchObject([{ reason: 'removed' }]);
    expect(r.told(host, 'participant-left', effects)).toMatchObject([{ reason: 'removed' }]);
    expect(r.of('call-server-close', effects)).toHaveLength(1);
    expect(() => r.join('participant', { id: guest })).toThrow();
    expect(() => r.join('participant', { mark: 'browser' })).not.toThrow();
  });

  it('bans a browser and an account', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join('participant', { mark: 'browser', userId: 'user' });
    r.say(host, { type: 'ban', participantId: guest });
    expect(r.of('banned')).toHaveLength(1);
    expect(r.state.banned).toEqual(['browser', 'user']);
    const codes = [{ mark: 'browser' }, { userId: 'user' }].map((who) => {
      try {
        return r.join('participant', who);
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(codes).toEqual(['banned', 'banned']);
    expect(() => r.join()).not.toThrow();
  });

  it('bans a browser and an account everywhere: in another tab, on another device, waiting', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host', { mark: 'host' });
    const ids = [{ mark: 'browser', userId: 'user' }, { mark: 'browser' }, { userId: 'user' }, {}];
    const [guest, tab, device, other] = ids.map((who) => r.join('participant', who));
    r.say(host, { type: 'admit-all' });
    const waits = r.join('participant', { mark: 'browser' });
    const effects = r.say(host, { type: 'ban', participantId: guest! });
    for (const id of [guest!, tab!, device!, waits]) {
      expect(r.told(id, 'removed', effects)).toMatchObject([{ reason: 'banned' }]);
    }
    expect(r.of('close', effects).map(({ code }) => code)).toEqual([4003, 4003, 4003, 4003]);
    expect(Object.keys(r.state.people)).toEqual([host, other]);
    expect(r.state.waiting).toEqual({});
  });

  it('bans nobody of the same rank or a higher one with somebody', () => {
    const r = new Rehearsal();
    const shared = { mark: 'browser' };
    const host = r.join('host', shared);
    const cohost = r.join('co-host', shared);
    const other = r.join('co-host', shared);
    const guest = r.join('participant', shared);
    r.say(cohost, { type: 'ban', participantId: guest });
    expect(Object.keys(r.state.people)).toEqual([host, cohost, other]);
  });

  it('lets nobody in who is banned by now', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    const bad = r.join('participant', { mark: 'browser' });
    const good = r.join();
    r.state.banned = ['browser'];
    expect(r.refusal(host, { type: 'admit', participantId: bad })).toBe('banned');
    expect(r.refusal(host, { type: 'admit-all' })).toBeUndefined();
    expect(Object.keys(r.state.people)).toEqual([host, good]);
    expect(r.refusal(host, { type: 'admit-all' })).toBeUndefined();
  });

  it('puts out who is banned elsewhere, but no host', () => {
    const r = new Rehearsal();
    const host = r.join('host', { mark: 'browser' });
    const bad = r.join('participant', { mark: 'browser' });
    const update = (banned: string[]) =>
      r.note(r.room.update({ title: 'Title', settings: r.state.settings, banned }, r.nowMs));
    update(['another']);
    expect(r.told(bad, 'removed')).toEqual([]);
    update(['browser']);
    expect(r.told(bad, 'removed')).toMatchObject([{ reason: 'banned' }]);
    expect(Object.keys(r.state.people)).toEqual([host]);
    expect(r.state.banned).toEqual(['browser', 'another']);
  });

  it('ends the meeting for all', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    const waits = r.join();
    r.say(host, { type: 'end' });
    for (const id of [host, waits]) {
      expect(r.told(id, 'meeting-ended')).toMatchObject([{ reason: 'host' }]);
    }
    expect(r.of('close').map(({ code }) => code)).toEqual([4004, 4004]);
    expect(r.of('ended')).toMatchObject([{ reason: 'host' }]);
  });
});
