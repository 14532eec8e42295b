import { describe, expect, it } from 'vitest';
import type { MeetingSettings } from '#contracts';
import { changesOf, formOf, lackOf } from './changes.ts';

const settings: MeetingSettings = {
  waitingRoom: false,
  locked: true,
  muteOnEntry: false,
  capacity: 100,
  entryRole: 'participant',
  chat: 'everyone',
  screenShare: 'everyone',
  unmuteSelf: true,
  whenHostLeaves: 'hand-over',
  route: 'auto',
  hasPassword: false,
};
const open = { title: 'Planning', settings };
const closed = { title: 'Planning', settings: { ...settings, hasPassword: true } };

describe('what is to be said of the settings', () => {
  it('is nothing when nothing was changed', () => {
    expect(changesOf(formOf(open), formOf(open))).toBeUndefined();
    expect(changesOf(formOf(closed), formOf(closed))).toBeUndefined();
  });

  it('is what was changed and no more', () => {
    const form = { ...formOf(open), title: ' Review ', waitingRoom: true, chat: 'hosts' as const };
    expect(changesOf(form, formOf(open))).toEqual({
      title: 'Review',
      settings: { waitingRoom: true, chat: 'hosts' },
    });
  });

  it('keeps a password that is not typed anew, changes one that is, and takes it away', () => {
    const form = formOf(closed);
    expect(changesOf({ ...form, password: 'new' }, form)).toEqual({
      settings: { password: 'new' },
    });
    expect(changesOf({ ...form, hasPassword: false, password: 'new' }, form)).toEqual({
      settings: { password: null },
    });
    const first = formOf(open);
    expect(changesOf({ ...first, hasPassword: true, password: 'a' }, first)).toEqual({
      settings: { password: 'a' },
    });
    expect(changesOf({ ...first, password: 'typed, then switched off' }, first)).toBeUndefined();
  });
});

describe('what lacks', () => {
  it('is a title, or the password where there is none yet', () => {
    expect(lackOf(formOf(open), open)).toBeUndefined();
    expect(lackOf({ ...formOf(open), title: ' ' }, open)).toMatch('title');
    expect(lackOf({ ...formOf(open), hasPassword: true }, open)).toMatch('password');
    expect(lackOf(formOf(closed), closed)).toBeUndefined();
  });
});
