import { describe, expect, it } from 'vitest';
import type { CallEvent } from '#contracts';
import { type CallsEvent, type CallsState, initialCalls, reduceCalls } from './calls-state.ts';

const ANN = { userId: 'ann', displayName: 'Ann' };
const ROOM = {
  meetingId: 'm',
  participantId: 'p',
  webSocketUrl: 'ws://x',
  iceServers: [],
  token: 't',
};
const AGREED = { audioCodecs: [], videoCodecs: [] };

const follow = (...events: (CallsEvent | CallEvent)[]): CallsState =>
  events.reduce<CallsState>((state, event) => reduceCalls(state, asEvent(event)), {
    ...initialCalls,
    socket: 'open',
    selfId: 'me',
  });
const OWN = new Set<string>([
  'socket',
  'heard',
  'call',
  'called',
  'refused',
  'answer',
  'gone',
  'note',
  'missed-seen',
  'open',
]);
const asEvent = (event: CallsEvent | CallEvent): CallsEvent =>
  OWN.has(event.type) ? (event as CallsEvent) : { type: 'heard', event: event as CallEvent };

const callAnn: CallsEvent = { type: 'call', peer: ANN, media: 'video' };
const called: CallsEvent = { type: 'called', callId: 'c' };
const incoming: CallEvent = {
  type: 'incoming-call',
  callId: 'c',
  from: 'ann',
  displayName: 'Ann',
  media: 'audio',
  capabilities: {},
};
const ended = (reason: string, callId = 'c') =>
  ({ type: 'call-ended', callId, reason }) as CallEvent;
const accepted: CallEvent = { type: 'call-accepted', callId: 'c', agreed: AGREED, room: ROOM };

describe('a call of ours', () => {
  it('is calling, rings, is accepted and over', () => {
    expect(follow(callAnn).call).toMatchObject({ phase: 'calling', rings: false });
    expect(follow(callAnn, { type: 'ringing', callId: 'c' }).call).toMatchObject({ rings: true });
    const active = follow(callAnn, called, accepted);
    expect(active.call).toMatchObject({ phase: 'active', room: ROOM, peer: ANN, media: 'video' });
    const over = follow(callAnn, called, accepted, ended('hung-up'));
    expect(over.call).toBeUndefined();
    expect(over.note).toBe('The call with Ann is over.');
  });

  it.each(['declined', 'busy', 'no-answer', 'unavailable'])(
    'says it when it is %s, also before the server has said its id',
    (why) => {
      expect(follow(callAnn, called, ended(why)).call).toMatchObject({ phase: 'failed', why });
      expect(follow(callAnn, ended(why)).call).toMatchObject({ phase: 'failed', why });
    },
  );

  it('is gone when it is cancelled, and fails when it is refused or the connection breaks', () => {
    expect(follow(callAnn, called, ended('cancelled')).call).toBeUndefined();
    expect(follow(callAnn, { type: 'refused', detail: 'no' }).call).toMatchObject({
      phase: 'failed',
      why: 'refused',
      detail: 'no',
    });
    const lost = follow(callAnn, called, { type: 'socket', state: 'reconnecting' });
    expect(lost.call).toMatchObject({ phase: 'failed', why: 'lost' });
  });

  it('is not begun while there is another, and is begun again after one that failed', () => {
    const ben = { userId: 'ben', displayName: 'Ben' };
    const callBen: CallsEvent = { type: 'call', peer: ben, media: 'audio' };
    expect(follow(callAnn, called, callBen).call).toMatchObject({ peer: ANN });
    expect(follow(callAnn, called, ended('busy'), callBen).call).toMatchObject({ peer: ben });
  });

  it('does not end with another one', () => {
    expect(follow(callAnn, called, ended('busy', 'd')).call).toMatchObject({ phase: 'calling' });
    expect(follow(callAnn, called, { ...accepted, callId: 'd' } as CallEvent).call).toMatchObject({
      phase: 'calling',
    });
  });
});

describe('a call that comes in', () => {
  it('rings, is answered and goes on', () => {
    expect(follow(incoming).call).toMatchObject({ phase: 'incoming', peer: ANN, media: 'audio' });
    expect(follow(incoming, { type: 'answer' }).call).toMatchObject({ phase: 'answering' });
    expect(follow(incoming, { type: 'answer' }, accepted).call).toMatchObject({ phase: 'active' });
    // Nobody answered here.
    expect(follow(incoming, accepted).call).toMatchObject({ phase: 'incoming' });
  });

  it.each([
    ['cancelled', 'You missed a call from Ann.'],
    ['no-answer', 'You missed a call from Ann.'],
    ['answered-elsewhere', 'You answered Ann on another device.'],
    ['declined', undefined],
  ])('stops when it is %s', (why, note) => {
    const state = follow(incoming, ended(why));
    expect(state.call).toBeUndefined();
    expect(state.note).toBe(note);
  });

  it('takes the place of nothing but what has failed', () => {
    expect(follow(callAnn, incoming).call).toMatchObject({ phase: 'calling' });
    expect(follow(callAnn, called, ended('busy'), incoming).call).toMatchObject({
      phase: 'incoming',
    });
  });

  it('stops with the connection, and a call that goes on does not', () => {
    const broken: CallsEvent = { type: 'socket', state: 'reconnecting' };
    expect(follow(incoming, broken).call).toBeUndefined();
    expect(follow(incoming, { type: 'answer' }, accepted, broken).call).toMatchObject({
      phase: 'active',
    });
  });
});

describe('missed calls and messages', () => {
  const missed = (callId: string): CallEvent => ({
    type: 'call-missed',
    callId,
    from: 'ann',
    displayName: 'Ann',
    media: 'audio',
    at: 1,
  });
  const message = (id: string, from: string, timestamp: number): CallEvent => ({
    type: 'message',
    messageId: id,
    from,
    to: from === 'me' ? 'ann' : 'me',
    message: id,
    timestamp,
  });
  const history = (ids: string[], more: boolean, before?: string): CallEvent => ({
    type: 'message-history',
    with: 'ann',
    messages: ids.map((id, i) => ({
      messageId: id,
      from: 'ann',
      to: 'me',
      message: id,
      timestamp: before === undefined ? 10 + i : i,
    })),
    more,
    ...(before === undefined ? {} : { before }),
  });
  const texts = (state: CallsState) =>
    state.conversations['ann']?.messages.map((one) => one.message);

  it('are counted once each, until they are seen', () => {
    expect(follow(missed('c'), missed('c'), missed('d')).missed).toHaveLength(2);
    expect(follow(missed('c'), { type: 'missed-seen' }).missed).toEqual([]);
    expect(follow(message('a', 'ann', 1), message('b', 'ann', 2)).unread).toEqual({ ann: 2 });
    expect(follow(message('a', 'me', 1)).unread).toEqual({});
    const open: CallsEvent = { type: 'open', userId: 'ann' };
    expect(follow(message('a', 'ann', 1), open).unread).toEqual({});
    expect(follow(open, message('a', 'ann', 1)).unread).toEqual({});
    expect(follow(message('a', 'ann', 1), { type: 'messages-seen', with: 'ann' }).unread).toEqual(
      {},
    );
  });

  it('stand in the order of time, each once, whatever order they come in', () => {
    const open: CallsEvent = { type: 'open', userId: 'ann' };
    const begun = [open, history(['c', 'd'], true), message('e', 'me', 20)] as const;
    expect(texts(follow(...begun, message('e', 'me', 20)))).toEqual(['c', 'd', 'e']);
    const older = follow(...begun, history(['a', 'b'], false, 'c'));
    expect(texts(older)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(older.conversations['ann']?.more).toBe(false);
    // Read anew after a break: that there is nothing older is known already.
    const again = follow(...begun, history(['a', 'b'], false, 'c'), history(['c', 'd'], true));
    expect(again.conversations['ann']?.more).toBe(false);
  });
});
