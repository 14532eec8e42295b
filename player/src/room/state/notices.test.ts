import { describe, expect, it } from 'vitest';
import type { Breakouts, RoomParticipant, ServerMessage } from '#contracts';
import { Notices, noticeOf } from './notices.ts';
import { initialState, type RoomState } from './room-state.ts';

type Role = RoomParticipant['role'];

const person = (participantId: string, role: Role = 'participant') =>
  ({ participantId, displayName: participantId.toUpperCase(), role }) as RoomParticipant;

const as = (role: Role, breakouts?: Breakouts): RoomState => ({
  ...initialState,
  phase: 'in',
  self: person('me', role),
  people: { ada: person('ada', 'host') },
  breakouts,
});

const hear = (message: object, before: RoomState) =>
  noticeOf({ sequence: 2, ...message } as ServerMessage, before);
const inRoom = (...participantIds: string[]): Breakouts => ({
  rooms: [{ breakoutId: 'b', name: 'Blue', participantIds }],
});

describe('noticeOf', () => {
  it.each([
    ['audio', 'turned off your microphone.'],
    ['video', 'turned off your camera.'],
    ['screen', 'turned off your screen share.'],
  ])('names who turned off one’s own %s', (mediaType, text) => {
    const notice = hear({ type: 'muted-by-host', by: 'ada', mediaType }, as('participant'));
    expect(notice).toEqual({ level: 'warn', who: 'ADA', text });
  });

  it.each([
    ['participant', 'viewer', /only watch now/],
    ['viewer', 'participant', /stay off until you turn them on/],
    ['participant', 'host', /^You are a host/],
    ['viewer', 'co-host', /^You are a co-host/],
    ['co-host', 'host', /^You are a host/],
    ['host', 'participant', /^You are not a host/],
    ['co-host', 'participant', /^You are not a co-host/],
  ] as const)('says that one was %s and is %s', (before, role, text) => {
    const updated = { type: 'participant-updated', participant: person('me', role) };
    expect(hear(updated, as(before))?.text).toMatch(text);
    // After a break that was too long for what was said meanwhile, too.
    const welcome = { type: 'welcome', self: person('me', role), participants: [] };
    expect(hear(welcome, as(before))?.text).toMatch(text);
  });

  it('is silent about the roles of others, and where nothing of one’s own has changed', () => {
    const other = { type: 'participant-updated', participant: person('ada', 'viewer') };
    expect(hear(other, as('participant'))).toBeUndefined();
    const same = { type: 'participant-updated', participant: person('me') };
    expect(hear(same, as('participant'))).toBeUndefined();
    const welcome = { type: 'welcome', self: person('me'), participants: [] };
    expect(hear(welcome, as('participant'))).toBeUndefined();
    expect(hear(welcome, initialState)).toBeUndefined();
  });

  it('tells who comes in to watch that it is so', () => {
    const welcome = { type: 'welcome', self: person('me', 'viewer'), participants: [] };
    expect(hear(welcome, initialState)?.text).toMatch(/^You are here to watch/);
  });

  it('tells who was in a breakout room, and nobody else, of being back', () => {
    const closed = { type: 'breakouts', rooms: [] };
    expect(hear(closed, as('participant', inRoom('me')))?.text).toMatch(/back in the main room/);
    expect(hear(closed, as('participant', inRoom('ada')))).toBeUndefined();
    expect(hear(closed, as('participant'))).toBeUndefined();
    const still = { type: 'breakouts', ...inRoom('me', 'ada') };
    expect(hear(still, as('participant', inRoom('me')))).toBeUndefined();
  });
});

describe('Notices', () => {
  it('shows the newest three, the same one once, until it is seen to', () => {
    const notices = new Notices();
    const texts = () => notices.shown.get().map(({ text }) => text);
    for (const text of ['a', 'b', 'c']) notices.refused(text);
    expect(texts()).toEqual(['a', 'b', 'c']);
    const [first] = notices.shown.get();
    notices.refused('a');
    expect(texts()).toEqual(['b', 'c', 'a']);
    expect(notices.shown.get().at(-1)?.key).not.toBe(first?.key);
    notices.show({ level: 'info', who: 'Ada', text: 'a' });
    expect(texts()).toEqual(['c', 'a', 'a']);
    notices.dismiss(notices.shown.get()[0]?.key ?? 0);
    expect(texts()).toEqual(['a', 'a']);
  });
});
