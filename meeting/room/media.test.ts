import { describe, expect, it } from 'vitest';
import { Rehearsal } from './rehearsal.ts';

const sdp = 'v=0';

describe('between peers', () => {
  it('relays offers, answers and candidates as they are', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    r.say(a, { type: 'offer', to: b, sdp, labels: { '0': 'camera' }, connection: 'x' });
    r.say(b, { type: 'answer', to: a, sdp: 'v=1' });
    r.say(a, { type: 'ice-candidate', to: b, candidate: null });
    expect(r.told(b, 'offer')).toEqual([
      { type: 'offer', from: a, sdp, labels: { '0': 'camera' }, connection: 'x' },
    ]);
    expect(r.told(a, 'answer')).toEqual([{ type: 'answer', from: b, sdp: 'v=1' }]);
    expect(r.told(b, 'ice-candidate')).toEqual([
      { type: 'ice-candidate', from: a, candidate: null },
    ]);
  });

  it('relays nothing once the call server has carried the room for two minutes', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join(), r.join(), r.join()];
    expect(r.state.route.peers).toBe('callserver');
    r.nowMs += 120_000;
    expect(r.refusal(a, { type: 'offer', to: b, sdp })).toBeUndefined();
    r.nowMs += 1;
    for (const type of ['offer', 'answer'] as const) {
      expect(r.refusal(a, { type, to: b, sdp })).toBe('conflict');
    }
    expect(r.refusal(a, { type: 'ice-candidate', to: b, candidate: null })).toBe('conflict');
  });

  it('relays nothing to oneself, to strangers, or into another room', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const [a, b] = [r.join(), r.join()];
    r.say(host, { type: 'breakout-open', rooms: [{ name: 'one', participantIds: [a] }] });
    for (const [from, to] of [
      [b, b],
      [b, 'zzzzzzzzzzzz'],
      [b, a],
      [a, b],
    ] as const) {
      expect(r.refusal(from, { type: 'offer', to, sdp })).toBe('participant_not_found');
    }
  });
});

describe('with the call server', () => {
  it('passes offers on and answers when it has answered', () => {
    const r = new Rehearsal();
    const a = r.join();
    const offer = { type: 'offer', to: 'callserver', sdp, purpose: 'send', ref: 'o' } as const;
    const effects = r.say(a, offer);
    expect(r.of('call-server-offer', effects)).toMatchObject([{ participantId: a, ref: 'o' }]);
    expect(r.told(a, 'ok')).toEqual([]);
    const answer = { type: 'answer', from: 'callserver', purpose: 'send', sdp } as const;
    const done = r.room.succeed(a, 'o', [answer], r.nowMs);
    expect(done.map((one) => (one.type === 'send' ? one.message.type : ''))).toEqual([
      'answer',
      'ok',
    ]);
  });

  it('needs a purpose, a sender who may send, and a call server', () => {
    const r = new Rehearsal();
    const viewer = r.join('viewer');
    const offer = { type: 'offer', to: 'callserver', sdp } as const;
    expect(r.refusal(viewer, offer)).toBe('bad_request');
    expect(r.refusal(viewer, { ...offer, purpose: 'send' })).toBe('forbidden');
    expect(r.refusal(viewer, { ...offer, purpose: 'receive' })).toBeUndefined();
    r.hasCallServer = false;
    expect(r.refusal(viewer, { ...offer, purpose: 'receive' })).toBe('unavailable');
  });

  it('tells each what there is to receive of others in the same room', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const [a, b] = [r.join(), r.join()];
    r.note(r.room.setStreams([{ participantId: a, media: 'camera' }], r.nowMs));
    const latest = (id: string) => r.told(id, 'streams-changed').at(-1)?.streams.length;
    expect([host, a, b].map(latest)).toEqual([1, 0, 1]);
    r.say(host, { type: 'breakout-open', rooms: [{ name: 'one', participantIds: [a, b] }] });
    expect([host, a, b].map(latest)).toEqual([0, 0, 1]);
    r.say(a, { type: 'leave' });
    expect(r.told(r.join(), 'welcome')[0]?.streams).toEqual([]);
  });
});

it('passes on how large who is there is shown, and nothing about strangers', () => {
  const r = new Rehearsal();
  const [a, b] = [r.join(), r.join()];
  const want = { type: 'want', media: 'camera', width: 640, height: 360 } as const;
  expect(r.of('call-server-want', r.say(a, { ...want, participantId: b }))).toMatchObject([
    { participantId: a, stream: { participantId: b, media: 'camera' }, width: 640, height: 360 },
  ]);
  expect(r.say(a, { ...want, participantId: 'zzzzzzzzzzzz' })).toEqual([]);
});

describe('what is on', () => {
  it('follows what people say and what hosts do', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const a = r.join('participant', { audio: true });
    const on = () =>
      (['microphone', 'camera', 'screen', 'screen-audio'] as const).filter((media) =>
        r.room.isOn({ participantId: a, media }),
      );
    expect(on()).toEqual(['microphone']);
    r.say(a, { type: 'unmute', mediaType: 'video' });
    r.say(a, { type: 'unmute', mediaType: 'screen-audio' });
    expect(on()).toEqual(['microphone', 'camera', 'screen-audio']);
    r.say(host, { type: 'mute-participant', participantId: a });
    r.say(a, { type: 'mute', mediaType: 'video' });
    expect(on()).toEqual(['screen-audio']);
    // Said twice, it is noted once.
    expect(r.of('stream', r.say(a, { type: 'mute', mediaType: 'video' }))).toEqual([]);
    r.say(a, { type: 'leave' });
    expect(on()).toEqual([]);
    expect(r.of('stream').filter((one) => one.on)).toHaveLength(3);
  });
});

describe('the way media goes', () => {
  it('moves to the call server with the fourth, tells the newcomer in the welcome, and goes back later', () => {
    const r = new Rehearsal();
    const ids = [r.join(), r.join(), r.join()];
    expect(r.told(ids[0]!, 'route')).toEqual([]);
    const fourth = r.join();
    expect(r.told(fourth, 'welcome')[0]?.route.peers).toBe('callserver');
    expect(ids.map((id) => r.told(id, 'route').map(({ peers }) => peers))).toEqual([
      ['callserver'],
      ['callserver'],
      ['callserver'],
    ]);
    expect(r.told(fourth, 'route')).toEqual([]);
    r.say(fourth, { type: 'leave' });
    expect(r.state.route.peers).toBe('callserver');
    const deadline = r.room.deadline(r.nowMs)!;
    r.pass(deadline - r.nowMs);
    expect(r.told(ids[0]!, 'route').map(({ peers }) => peers)).toEqual(['callserver', 'mesh']);
    expect(r.room.deadline(r.nowMs)).toBeUndefined();
  });

  it('moves when somebody reports that a direct way has failed', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    r.say(a, { type: 'report', peers: [{ participantId: b, state: 'failed' }] });
    expect(r.told(b, 'route')).toMatchObject([{ peers: 'callserver' }]);
  });

  it('takes no word for people who are not there', () => {
    const r = new Rehearsal();
    const [a] = [r.join(), r.join()];
    r.say(a, { type: 'report', peers: [{ participantId: 'zzzzzzzzzzzz', state: 'failed' }] });
    expect(r.state.route.peers).toBe('mesh');
    expect(r.state.people[a]?.report?.peers).toEqual([]);
  });
});
