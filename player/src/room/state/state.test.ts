import { describe, expect, it } from 'vitest';
import type { ChatMessage, RoomParticipant, ServerMessage } from '#contracts';
import { withoutPrivate } from '../without-private.ts';
import { announcementOf } from './announcements.ts';
import { initialState, type RoomState, raisedHands, reduce } from './room-state.ts';

const person = (participantId: string, change: Partial<RoomParticipant> = {}): RoomParticipant => ({
  participantId,
  displayName: participantId.toUpperCase(),
  role: 'participant',
  audio: true,
  video: true,
  screen: false,
  screenAudio: false,
  joinedAt: 0,
  connected: true,
  capabilities: {},
  ...change,
});

const SETTINGS = {
  waitingRoom: false,
  locked: false,
  muteOnEntry: false,
  capacity: 100,
  entryRole: 'participant',
  chat: 'everyone',
  screenShare: 'everyone',
  unmuteSelf: true,
  whenHostLeaves: 'stay',
  route: 'auto',
  hasPassword: false,
} as const;

const WELCOME: ServerMessage = {
  type: 'welcome',
  sequence: 1,
  resumed: false,
  resumeKey: 'k',
  self: person('me', { role: 'host' }),
  participants: [person('ada'), person('bob')],
  meeting: { meetingId: 'm', title: 'Rehearsal', settings: SETTINGS },
  route: { peers: 'mesh', reason: 'three people' },
  streams: [],
  iceServers: [],
  chat: [],
  polls: [],
  waiting: [],
  serverTime: 5_000,
};

const chat = (messageId: string, change: Partial<ChatMessage> = {}): ChatMessage => ({
  messageId,
  from: 'ada',
  displayName: 'ADA',
  message: `text of ${messageId}`,
  timestamp: Number(messageId),
  ...change,
});

const hear = (state: RoomState, ...messages: ServerMessage[]) =>
  messages.reduce(
    (before, message) => reduce(before, { type: 'server', message, nowMs: 1_000 }),
    state,
  );
const inRoom = hear(initialState, WELCOME);
const say = (one: ChatMessage): ServerMessage => ({ type: 'chat', sequence: 2, ...one });

describe('reduce', () => {
  it('is in the room once welcome, with everybody and the server’s clock', () => {
    expect(inRoom).toMatchObject({ phase: 'in', clockOffsetMs: 4_000 });
    expect(Object.keys(inRoom.people)).toEqual(['ada', 'bob']);
  });

  it('keeps people as they come, change and go', () => {
    const state = hear(
      inRoom,
      { type: 'participant-joined', sequence: 2, participant: person('cyd') },
      { type: 'participant-left', sequence: 3, participantId: 'ada', reason: 'left' },
      {
        type: 'media-update',
        sequence: 4,
        participantId: 'bob',
        audio: false,
        video: true,
        screen: true,
        screenAudio: false,
      },
      { type: 'participant-updated', sequence: 5, participant: person('me', { role: 'co-host' }) },
    );
    expect(Object.keys(state.people)).toEqual(['bob', 'cyd']);
    expect(state.people['bob']).toMatchObject({ audio: false, screen: true });
    expect(state.self?.role).toBe('co-host');
  });

  it('knows nobody whom it was not told of', () => {
    const update = {
      type: 'media-update',
      sequence: 2,
      participantId: 'zed',
      audio: true,
      video: true,
      screen: false,
      screenAudio: false,
    } as const;
    expect(hear(inRoom, update)).toBe(inRoom);
  });

  it('keeps what was read when it is welcomed again after a break, and counts what was missed', () => {
    const before = hear(inRoom, say(chat('1')), say(chat('2')), say(chat('3', { from: 'me' })));
    expect(before.unread).toBe(2);
    const again = (...ids: string[]) =>
      hear(before, { ...WELCOME, chat: ids.map((id) => chat(id)) } as ServerMessage);
    expect(again('2', '3', '4').chat.map(({ messageId }) => messageId)).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
    expect(again('2', '3', '4').unread).toBe(3);
    // There is a hole between the two.
    expect(again('8', '9').chat.map(({ messageId }) => messageId)).toEqual(['8', '9']);
  });

  it('counts what is unread while the chat is closed, and not what one wrote oneself', () => {
    const closed = hear(inRoom, say(chat('1')), say(chat('2', { from: 'me' })), say(chat('1')));
    expect(closed.unread).toBe(1);
    expect(closed.chat).toHaveLength(2);
    const open = reduce(closed, { type: 'chat-open', open: true });
    expect(hear(open, say(chat('3'))).unread).toBe(0);
  });

  it('puts older messages before newer ones and keeps 500', () => {
    const history = Array.from({ length: 500 }, (_, i) => chat(String(i + 1)));
    const state = hear(inRoom, say(chat('501')), {
      type: 'chat-history',
      sequence: 3,
      messages: history,
      more: true,
    });
    expect(state.chat).toHaveLength(500);
    expect(state.chat.map(({ timestamp }) => timestamp).slice(-2)).toEqual([500, 501]);
    expect(state.unread).toBe(1);
    expect(state.moreChat).toBe(true);
  });

  it.each([
    [
      { type: 'meeting-ended', sequence: 2, reason: 'host-left' },
      { why: 'ended', reason: 'host-left' },
    ],
    [{ type: 'removed', sequence: 2, reason: 'denied' }, { why: 'denied' }],
    [
      { type: 'removed', sequence: 2, reason: 'removed', message: 'Wrong room' },
      { why: 'removed', message: 'Wrong room' },
    ],
    [{ type: 'removed', sequence: 2, reason: 'left-elsewhere' }, { why: 'elsewhere' }],
  ] as const)('is over after %j, whatever else comes', (message, ending) => {
    const state = hear(inRoom, message, WELCOME);
    expect(state).toMatchObject({ phase: 'over' });
    expect(state.ending).toEqual(ending);
    expect(reduce(state, { type: 'over', ending: { why: 'left' } })).toBe(state);
  });

  it('waits until it is let in', () => {
    const waiting = hear(initialState, { type: 'waiting', sequence: 1, resumeKey: 'k' });
    expect(waiting.phase).toBe('waiting');
    expect(hear(waiting, WELCOME).phase).toBe('in');
  });

  it('does not ask who only watches to be heard', () => {
    const asked = hear(inRoom, {
      type: 'asked-to-unmute',
      sequence: 2,
      by: 'ada',
      mediaType: 'audio',
    });
    const become = (role: RoomParticipant['role']) =>
      hear(asked, {
        type: 'participant-updated',
        sequence: 3,
        participant: person('me', { role }),
      });
    expect(become('participant').askedBy).toBe('ada');
    expect(become('viewer').askedBy).toBeUndefined();
  });

  it('replaces a poll that is voted on', () => {
    const poll = (votes: number): ServerMessage => ({
      type: 'poll',
      sequence: 2,
      poll: {
        pollId: 'p',
        question: '?',
        options: [{ text: 'a', votes }],
        multiple: false,
        open: true,
        voters: votes,
      },
    });
    expect(hear(inRoom, poll(0), poll(2)).polls).toMatchObject([{ voters: 2 }]);
  });
});

describe('raisedHands', () => {
  it('stand in the order in which they went up, one’s own among them', () => {
    const up = (id: string, handRaisedAt: number): ServerMessage => ({
      type: 'participant-updated',
      sequence: 2,
      participant: person(id, { handRaisedAt }),
    });
    const state = hear(inRoom, up('bob', 3), up('me', 2), up('ada', 1));
    expect(raisedHands(state).map(({ participantId }) => participantId)).toEqual([
      'ada',
      'me',
      'bob',
    ]);
  });
});

describe('announcementOf', () => {
  it.each([
    [{ type: 'participant-joined', participant: person('cyd') }, 'CYD joined'],
    [
      { type: 'participant-left', participantId: 'ada', reason: 'timeout' },
      'ADA lost the connection',
    ],
    [
      { type: 'participant-updated', participant: person('ada', { handRaisedAt: 1 }) },
      'ADA raised a hand',
    ],
    [{ type: 'participant-updated', participant: person('ada', { displayName: 'X' }) }, undefined],
    [
      { type: 'waiting-list', waiting: [{ participantId: 'w', displayName: 'Wu', since: 0 }] },
      'Wu waits to be let in',
    ],
    [{ ...chat('9'), type: 'chat', to: 'me' }, 'ADA, to you: text of 9'],
    [{ ...chat('9', { from: 'me' }), type: 'chat' }, undefined],
    [
      { type: 'breakouts', rooms: [{ breakoutId: 'b', name: 'Blue', participantIds: ['me'] }] },
      'You were moved to Blue',
    ],
    [{ type: 'breakouts', rooms: [{ breakoutId: 'b', name: 'B', participantIds: [] }] }, undefined],
    [{ type: 'route', peers: 'callserver', reason: '' }, undefined],
  ])('of %j', (message, text) => {
    expect(announcementOf({ sequence: 2, ...message } as ServerMessage, inRoom)).toBe(text);
  });

  it.each([
    [[], 'You are in the room. Nobody else is here yet.'],
    [['ada', 'bob', 'cyd'], 'You are in the room with ADA, BOB, CYD'],
    [['ada', 'bob', 'cyd', 'dan'], 'You are in the room with ADA, BOB, CYD and 1 more'],
  ])('says once that one is in, and with whom: %j', (ids, text) => {
    const participants = ids.map((id) => person(id));
    const welcome = { type: 'welcome', sequence: 1, participants } as unknown as ServerMessage;
    expect(announcementOf(welcome, initialState)).toBe(text);
    expect(announcementOf(welcome, inRoom)).toBeUndefined();
  });
});

it('announcementOf tells what is written whether the chat is open or not', () => {
  const open = reduce(inRoom, { type: 'chat-open', open: true });
  expect(announcementOf(say(chat('9')), open)).toBe('ADA: text of 9');
});

describe('withoutPrivate', () => {
  it('leaves out names, titles, chat, polls and keys, however deep', () => {
    const file = { fileId: 'f', name: 'plan.pdf', size: 1 };
    const options = [{ text: 'an option', votes: 1 }];
    const poll = { pollId: 'p', question: 'a question', options, multiple: false, open: true };
    const state = hear(
      inRoom,
      say(chat('1', { file })),
      { type: 'poll', sequence: 3, poll: { ...poll, voters: 1 } },
      {
        type: 'breakouts',
        sequence: 4,
        rooms: [{ breakoutId: 'b', name: 'a room', participantIds: [] }],
      },
    );
    const text = JSON.stringify(withoutPrivate({ state, token: 'secret' }));
    const secrets = ['ADA', 'text of 1', 'secret', 'Rehearsal', 'plan', 'an option', 'a question'];
    for (const secret of [...secrets, 'a room']) expect(text).not.toContain(secret);
    expect(text).toContain('"participantId":"ada"');
  });
});
