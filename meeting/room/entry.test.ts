import { describe, expect, it } from 'vitest';
import { RESUME_WITHIN_MS } from '#contracts';
import { Rehearsal } from './rehearsal.ts';

const code = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('coming in', () => {
  it('tells the newcomer how things stand, and the others who came', () => {
    const r = new Rehearsal();
    const host = r.join('host', { audio: true });
    const guest = r.join('participant', { video: true });
    const [welcome] = r.told(guest, 'welcome');
    expect(welcome).toMatchObject({
      resumed: false,
      self: { participantId: guest, video: true, audio: false, connected: true },
      participants: [{ participantId: host, role: 'host', audio: true }],
      route: { peers: 'mesh' },
    });
    expect(r.told(host, 'participant-joined')).toMatchObject([
      { participant: { participantId: guest } },
    ]);
    expect(r.told(guest, 'participant-joined')).toEqual([]);
    expect(r.of('joined').map(({ person }) => person.participantId)).toEqual([host, guest]);
  });

  it('takes as many as the capacity and not one more, and hosts beyond it', () => {
    const r = new Rehearsal({ capacity: 3 });
    const ids = [r.join(), r.join(), r.join()];
    expect(code(() => r.join())).toBe('meeting_full');
    // Somebody who is away for a moment keeps the place.
    r.note(r.room.lose(ids[0]!, r.nowMs));
    expect(code(() => r.join())).toBe('meeting_full');
    expect(code(() => r.join('host'))).toBeUndefined();
    r.say(ids[1]!, { type: 'leave' });
    r.say(ids[2]!, { type: 'leave' });
    expect(code(() => r.join())).toBeUndefined();
  });

  it('takes 20 hosts, and not one more but for one whose socket is gone', () => {
    const r = new Rehearsal({ capacity: 2 });
    const hosts = Array.from({ length: 20 }, () => r.join('host'));
    expect(code(() => r.join('host'))).toBe('too_many');
    // What has become of them since is no matter.
    r.say(hosts[0]!, { type: 'make-participant', participantId: hosts[1]!, role: 'participant' });
    expect(code(() => r.join('host'))).toBe('too_many');
    expect(Object.keys(r.state.people)).toEqual(hosts);
    r.note(r.room.lose(hosts[5]!, r.nowMs));
    const late = r.join('host');
    expect(r.told(late, 'participant-left')).toMatchObject([{ participantId: hosts[5] }]);
    expect(Object.keys(r.state.people)).toHaveLength(20);
    expect(code(() => r.join('host'))).toBe('too_many');
  });

  it('takes a token once, whatever became of who used it', () => {
    const r = new Rehearsal();
    const id = r.join();
    expect(code(() => r.join('participant', { id }))).toBe('unauthorized');
    r.say(id, { type: 'leave' });
    r.nowMs += 5 * 60_000;
    r.join();
    expect(code(() => r.join('participant', { id }))).toBe('unauthorized');
  });

  it('lets nobody but hosts in while it is locked', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    r.say(host, { type: 'lock', locked: true });
    expect(code(() => r.join())).toBe('meeting_locked');
    expect(code(() => r.join('host'))).toBeUndefined();
    expect(r.of('locked')).toHaveLength(1);
    expect(r.state.settings.locked).toBe(true);
  });

  it.each([{ muteOnEntry: true }, { unmuteSelf: false }])(
    'mutes on entry with %j, hosts excepted; viewers send nothing',
    (settings) => {
      const r = new Rehearsal(settings);
      const on = { audio: true, video: true };
      const ids = [r.join('host', on), r.join('participant', on), r.join('viewer', on)];
      const sent = ids.map((id) => {
        const { audio, video } = r.state.people[id]!;
        return { audio, video };
      });
      expect(sent).toEqual([
        { audio: true, video: true },
        { audio: false, video: true },
        { audio: false, video: false },
      ]);
      expect(r.refusal(ids[2]!, { type: 'unmute', mediaType: 'audio' })).toBe('forbidden');
    },
  );
});

describe('the waiting room', () => {
  it('keeps people until a host lets them in', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const guest = r.join();
    expect(r.told(guest, 'waiting')).toHaveLength(1);
    expect(r.told(guest, 'welcome')).toEqual([]);
    const host = r.join('host');
    expect(r.told(host, 'welcome')[0]?.waiting).toMatchObject([{ participantId: guest }]);
    r.say(host, { type: 'admit', participantId: guest });
    expect(r.told(guest, 'welcome')).toMatchObject([{ participants: [{ participantId: host }] }]);
    r.pass(200);
    expect(r.told(host, 'waiting-list').at(-1)?.waiting).toEqual([]);
  });

  it('hears nothing of what goes on inside, and may say nothing', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    const guest = r.join();
    const effects = r.say(host, { type: 'hand-raise' });
    expect(effects.filter((effect) => effect.type === 'send' && effect.to === guest)).toEqual([]);
    expect(r.refusal(guest, { type: 'chat', message: 'hello?' })).toBe('forbidden');
    expect(r.refusal(guest, { type: 'admit', participantId: guest })).toBe('forbidden');
    expect(r.refusal(guest, { type: 'rename', displayName: 'Me' })).toBeUndefined();
    r.pass(200);
    expect(r.told(host, 'waiting-list').at(-1)?.waiting).toMatchObject([{ displayName: 'Me' }]);
  });

  it('is answered for all at once, as far as there is room', () => {
    const r = new Rehearsal({ waitingRoom: true, capacity: 3 });
    const host = r.join('host');
    const [a, b, c] = [r.join(), r.join(), r.join()];
    r.say(host, { type: 'admit-all' });
    expect(Object.keys(r.state.people)).toEqual([host, a, b]);
    expect(Object.keys(r.state.waiting)).toEqual([c]);
    expect(r.refusal(host, { type: 'admit', participantId: c! })).toBe('meeting_full');
    expect(r.refusal(host, { type: 'admit-all' })).toBe('meeting_full');
  });

  it('turns away who is denied', () => {
    const r = new Rehearsal({ waitingRoom: true });
    const host = r.join('host');
    const guest = r.join();
    const effects = r.say(host, { type: 'deny', participantId: guest });
    expect(r.told(guest, 'removed', effects)).toMatchObject([{ reason: 'denied' }]);
    expect(r.of('close', effects)).toMatchObject([{ participantId: guest, code: 4003 }]);
    expect(r.state.waiting).toEqual({});
  });
});

describe('going and coming back', () => {
  it('keeps a place for 30 s and not longer', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join();
    r.note(r.room.lose(guest, r.nowMs));
    expect(r.told(host, 'participant-updated').at(-1)?.participant.connected).toBe(false);
    expect(r.room.deadline(r.nowMs)).toBe(r.nowMs + RESUME_WITHIN_MS);
    r.pass(RESUME_WITHIN_MS - 1);
    expect(r.told(host, 'participant-left')).toEqual([]);
    const key = r.state.people[guest]!.resumeKey;
    expect(code(() => r.room.resume(guest, 'wrong', r.nowMs))).toBe('unauthorized');
    r.note(r.room.resume(guest, key, r.nowMs));
    expect(r.told(host, 'participant-updated').at(-1)?.participant.connected).toBe(true);
    r.note(r.room.lose(guest, r.nowMs));
    r.pass(RESUME_WITHIN_MS);
    expect(r.told(host, 'participant-left')).toMatchObject([{ reason: 'timeout' }]);
    expect(code(() => r.room.resume(guest, key, r.nowMs))).toBe('unauthorized');
  });

  it('acknowledges a leave before the socket closes', () => {
    const r = new Rehearsal();
    const id = r.join();
    const effects = r.say(id, { type: 'leave', ref: 'bye' });
    const kinds = effects.map((effect) =>
      effect.type === 'send' ? effect.message.type : effect.type,
    );
    expect(kinds.indexOf('ok')).toBeLessThan(kinds.indexOf('close'));
    expect(r.of('close', effects)).toMatchObject([{ code: 1000 }]);
    expect(r.state.emptySince).toBe(r.nowMs);
  });

  it('goes on from a copy of its state, as another node has it', () => {
    const first = new Rehearsal({ capacity: 5 });
    const host = first.join('host');
    first.say(host, { type: 'hand-raise' });
    const copy = JSON.parse(JSON.stringify(first.state));
    const second = new Rehearsal({}, copy);
    second.note(second.room.brief(host, second.nowMs));
    expect(second.told(host, 'welcome')[0]?.self.handRaisedAt).toBeDefined();
    expect(second.refusal(host, { type: 'lock', locked: true })).toBeUndefined();
  });
});

describe('when the last host leaves', () => {
  it.each([
    ['co-host' as const, true],
    ['participant' as const, true],
    ['viewer' as const, false],
  ])('a %s takes over: %s', (role, becomes) => {
    const r = new Rehearsal({ waitingRoom: false });
    const host = r.join('host');
    const heir = r.join(role);
    r.say(host, { type: 'leave' });
    expect(r.state.people[heir]?.role === 'host').toBe(becomes);
  });

  it('a co-host comes before who came first', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const first = r.join();
    const second = r.join();
    r.say(host, { type: 'make-cohost', participantId: second });
    r.say(host, { type: 'leave' });
    expect([first, second].map((id) => r.state.people[id]?.role)).toEqual(['participant', 'host']);
  });

  it('who is signed in comes before who is not, and who is there before all', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const cohost = r.join('co-host');
    const [, signedIn] = [r.join(), r.join('participant', { userId: 'user' })];
    r.note(r.room.lose(cohost, r.nowMs));
    r.say(host, { type: 'leave' });
    expect(r.state.people[cohost]?.role).toBe('co-host');
    expect(r.state.people[signedIn]?.role).toBe('host');
    const alone = new Rehearsal();
    const last = alone.join('host');
    const gone = alone.join();
    alone.note(alone.room.lose(gone, alone.nowMs));
    alone.say(last, { type: 'leave' });
    expect(alone.state.people[gone]?.role).toBe('host');
  });

  it('who took over is again what they were when somebody comes as a host', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const heir = r.join('co-host');
    const [friend, named] = [r.join(), r.join()];
    r.say(host, { type: 'leave' });
    r.say(heir, { type: 'make-host', participantId: friend });
    r.say(friend, { type: 'make-cohost', participantId: named });
    const roles = () => [heir, friend, named].map((id) => r.state.people[id]?.role);
    expect(roles()).toEqual(['host', 'host', 'co-host']);
    const back = r.join('host');
    expect(roles()).toEqual(['co-host', 'participant', 'participant']);
    expect(r.told(back, 'welcome')[0]?.participants.map(({ role }) => role)).toEqual(roles());
    for (const id of [heir, friend, named]) {
      expect(r.refusal(id, { type: 'ban', participantId: back })).toBe('forbidden');
      expect(r.refusal(id, { type: 'end' })).toBe('forbidden');
    }
    // Whom this one names stays host.
    r.say(back, { type: 'make-host', participantId: friend });
    r.say(back, { type: 'leave' });
    r.join('host');
    expect(r.state.people[friend]?.role).toBe('host');
  });

  it('who came as a host is one again for good', () => {
    const r = new Rehearsal();
    const [first, second] = [r.join('host'), r.join('host')];
    r.join('co-host');
    r.say(first, { type: 'make-participant', participantId: first, role: 'participant' });
    r.say(second, { type: 'leave' });
    expect(r.state.people[first]?.role).toBe('host');
    r.join('host');
    expect(r.state.people[first]?.role).toBe('host');
  });

  it('stays without one, or ends, as was set', () => {
    const stay = new Rehearsal({ whenHostLeaves: 'stay' });
    const host = stay.join('host');
    const guest = stay.join();
    stay.say(host, { type: 'leave' });
    expect(stay.state.people[guest]?.role).toBe('participant');

    const end = new Rehearsal({ whenHostLeaves: 'end' });
    const other = end.join('host');
    const left = end.join();
    end.say(other, { type: 'leave' });
    expect(end.told(left, 'meeting-ended')).toMatchObject([{ reason: 'host-left' }]);
    expect(end.of('ended')).toHaveLength(1);
    expect(end.of('close').map(({ code }) => code)).toEqual([1000, 4004]);
  });

  it('nothing changes while another host is there', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    r.join('host');
    const guest = r.join();
    r.say(host, { type: 'leave' });
    expect(r.state.people[guest]?.role).toBe('participant');
  });
});
