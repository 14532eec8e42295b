import { describe, expect, it } from 'vitest';
import type { ClientMessageInput } from '#contracts';
import { Rehearsal } from './rehearsal.ts';
import type { RoomChat } from './state.ts';

/** Lets everything that waits to be kept be kept. */
function keep(r: Rehearsal): void {
  for (const effect of r.effects.splice(0)) {
    if (effect.type === 'keep-chat') r.keep(effect);
    else if (effect.type === 'change-chat') r.change(effect);
    else r.effects.push(effect);
  }
}

describe('answers', () => {
  it('come once for each ref: what is said again is not done again', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const poll: ClientMessageInput = {
      type: 'poll-create',
      question: '?',
      options: ['a', 'b'],
      ref: 'r1',
    };
    r.say(host, poll);
    const again = r.say(host, poll);
    expect(r.state.polls).toHaveLength(1);
    expect(again).toEqual([{ type: 'send', to: host, message: { type: 'ok', ref: 'r1' } }]);
  });

  it('are remembered for 64 messages and forgotten after', () => {
    const r = new Rehearsal();
    const id = r.join();
    for (let i = 0; i < 64; i++) r.say(id, { type: 'reaction', emoji: '👍', ref: `r${i}` });
    expect(r.of('send', r.say(id, { type: 'reaction', emoji: '👍', ref: 'r0' }))).toHaveLength(1);
    r.say(id, { type: 'reaction', emoji: '👍', ref: 'r64' });
    expect(r.of('send', r.say(id, { type: 'reaction', emoji: '👍', ref: 'r0' }))).toHaveLength(2);
  });

  it('to somebody who is not there do nothing', () => {
    const r = new Rehearsal();
    r.join();
    expect(r.say('zzzzzzzzzzzz', { type: 'hand-raise' })).toEqual([]);
  });
});

describe('hands', () => {
  it('have an order, even when they go up in the same millisecond', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    r.say(b, { type: 'hand-raise' });
    r.say(a, { type: 'hand-raise' });
    expect(r.state.people[b]!.handRaisedAt).toBeLessThan(r.state.people[a]!.handRaisedAt!);
    r.say(b, { type: 'hand-lower' });
    expect(r.told(a, 'participant-updated').at(-1)?.participant.handRaisedAt).toBeUndefined();
  });
});

describe('polls', () => {
  it('count each person once, by the last vote', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const guest = r.join();
    r.say(host, { type: 'poll-create', question: 'Tea?', options: ['yes', 'no'] });
    const { pollId } = r.told(guest, 'poll')[0]!.poll;
    expect(r.refusal(guest, { type: 'poll-vote', pollId, options: [0, 1] })).toBe('bad_request');
    expect(r.refusal(guest, { type: 'poll-vote', pollId, options: [2] })).toBe('bad_request');
    r.say(guest, { type: 'poll-vote', pollId, options: [0] });
    r.say(guest, { type: 'poll-vote', pollId, options: [1] });
    r.say(host, { type: 'poll-close', pollId });
    expect(r.told(host, 'poll').at(-1)?.poll).toMatchObject({
      options: [
        { text: 'yes', votes: 0 },
        { text: 'no', votes: 1 },
      ],
      voters: 1,
      open: false,
    });
    expect(r.refusal(guest, { type: 'poll-vote', pollId, options: [0] })).toBe('conflict');
  });

  it('count who goes and comes again once, by the account or the browser', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    r.say(host, { type: 'poll-create', question: 'Tea?', options: ['yes', 'no'] });
    const { pollId } = r.told(host, 'poll')[0]!.poll;
    const voters = () => {
      r.pass(200);
      return r.told(host, 'poll').at(-1)?.poll.voters;
    };
    for (const who of [{ mark: 'browser' }, { userId: 'user' }]) {
      for (let i = 0; i < 3; i++) {
        const id = r.join('participant', who);
        r.say(id, { type: 'poll-vote', pollId, options: [0] });
        r.say(id, { type: 'leave' });
      }
    }
    expect(voters()).toBe(2);
    for (let i = 0; i < 998; i++) r.state.polls[0]!.votes[`of who has left ${i}`] = [0];
    r.say(host, { type: 'poll-vote', pollId, options: [1] });
    expect(voters()).toBe(1_000);
    expect(r.told(host, 'poll').at(-1)?.poll.options[1]?.votes).toBe(1);
  });

  it('are 50 at most', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const poll: ClientMessageInput = { type: 'poll-create', question: '?', options: ['a', 'b'] };
    for (let i = 0; i < 50; i++) expect(r.refusal(host, poll)).toBeUndefined();
    expect(r.refusal(host, poll)).toBe('too_many');
  });
});

describe('chat', () => {
  it('is shown and acknowledged only once it is kept', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    r.say(a, { type: 'chat', message: 'hello', ref: 'c1' });
    expect(r.told(b, 'chat')).toEqual([]);
    expect(r.told(a, 'ok')).toEqual([]);
    keep(r);
    const [chat] = r.told(b, 'chat');
    expect(chat).toMatchObject({ from: a, message: 'hello', displayName: 'Person a' });
    expect(r.told(a, 'ok')).toMatchObject([{ ref: 'c1', messageId: chat!.messageId }]);
  });

  it('says so when it cannot be kept, and shows nothing', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    const [effect] = r.of('keep-chat', r.say(a, { type: 'chat', message: 'hello', ref: 'c1' }));
    r.note(r.room.fail(effect!.by, effect!.ref, new Error('disk'), r.nowMs));
    expect(r.told(a, 'error')).toMatchObject([{ ref: 'c1', code: 'internal' }]);
    expect(r.told(b, 'chat')).toEqual([]);
  });

  it('to one goes to that one only, also in what late joiners get', () => {
    const r = new Rehearsal();
    const [a, b, c] = [r.join(), r.join(), r.join()];
    r.say(a, { type: 'chat', message: 'secret', to: b });
    keep(r);
    expect([a, b, c].map((id) => r.told(id, 'chat').length)).toEqual([1, 1, 0]);
    const late = r.join();
    expect(r.told(late, 'welcome')[0]?.chat).toEqual([]);
    const { messageId } = r.told(b, 'chat')[0]!;
    expect(r.refusal(c, { type: 'chat-react', messageId, emoji: '👀' })).toBe('not_found');
    expect(r.refusal(a, { type: 'chat', message: 'x', to: 'zzzzzzzzzzzz' })).toBe(
      'participant_not_found',
    );
  });

  it('is edited by its writer, deleted by its writer and hosts', () => {
    const r = new Rehearsal();
    const host = r.join('host');
    const [a, b] = [r.join(), r.join()];
    r.say(a, { type: 'chat', message: 'frist' });
    keep(r);
    const { messageId } = r.told(b, 'chat')[0]!;
    const edit = { type: 'chat-edit', messageId, message: 'first' } as const;
    expect([host, b].map((id) => r.refusal(id, edit))).toEqual(['forbidden', 'forbidden']);
    expect(r.refusal(b, { type: 'chat-delete', messageId })).toBe('forbidden');
    r.say(a, edit);
    keep(r);
    expect(r.told(b, 'chat-updated').at(-1)?.chat).toMatchObject({ message: 'first' });
    r.say(b, { type: 'chat-react', messageId, emoji: '👍' });
    keep(r);
    expect(r.told(a, 'chat-updated').at(-1)?.chat.reactions).toEqual({ '👍': [b] });
    r.say(host, { type: 'chat-delete', messageId });
    keep(r);
    expect(r.told(b, 'chat-updated').at(-1)?.chat).toMatchObject({ message: '', deleted: true });
    expect(r.told(b, 'chat-updated').at(-1)?.chat.reactions).toBeUndefined();
    expect(r.refusal(a, edit)).toBe('conflict');
  });

  it('stays deleted when a change was asked for before and has its turn after it', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    r.say(a, { type: 'chat', message: 'oops' });
    keep(r);
    const { messageId } = r.told(b, 'chat')[0]!;
    const [late] = r.of('change-chat', r.say(b, { type: 'chat-react', messageId, emoji: '👍' }));
    const [deletion] = r.of('change-chat', r.say(a, { type: 'chat-delete', messageId }));
    r.change(deletion!);
    expect(() => r.change(late!)).toThrow('deleted');
    expect(r.told(a, 'chat-updated').map(({ chat }) => chat.deleted)).toEqual([true]);
    expect(r.told(r.join(), 'welcome')[0]?.chat).toMatchObject([{ message: '', deleted: true }]);
  });

  it('brings a file, with words or without, until it is deleted', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    expect(r.refusal(a, { type: 'chat', message: '' })).toBe('bad_request');
    const fileId = '0123456789abcdef';
    const [keeping] = r.of('keep-chat', r.say(a, { type: 'chat', message: '', fileId }));
    expect(keeping).toMatchObject({ fileId, chat: { message: '' } });
    const file = { fileId, name: 'plan.pdf', size: 1 };
    r.keep({ ...keeping!, chat: { ...keeping!.chat, file } });
    const [chat] = r.told(b, 'chat');
    expect(chat).toMatchObject({ message: '', file });
    r.say(a, { type: 'chat-delete', messageId: chat!.messageId });
    keep(r);
    expect(r.told(b, 'chat-updated').at(-1)?.chat.file).toBeUndefined();
  });

  it('that is no longer in memory is changed as it was found, by who may', () => {
    const r = new Rehearsal();
    const [a, b] = [r.join(), r.join()];
    const messageId = '0123456789abcdef';
    const ask = (id: string, ref?: string) =>
      r.of('change-chat', r.say(id, { type: 'chat-delete', messageId, ref }))[0]!;
    const old: RoomChat = { messageId, from: a, displayName: 'A', message: 'old', timestamp: 1 };
    const deletion = ask(a, 'd');
    r.change(deletion, old);
    expect(r.told(b, 'chat-updated')).toMatchObject([{ chat: { messageId, deleted: true } }]);
    expect(r.told(a, 'ok')).toMatchObject([{ ref: 'd', messageId }]);
    expect(() => r.change(deletion)).toThrow('No such message');
    expect(() => r.change(ask(b), old)).toThrow('Only its writer and hosts');
    expect(() => r.change(ask(b), { ...old, to: 'somebody' })).toThrow('No such message');
  });

  it('is for whom the host allows it', () => {
    const hello = { type: 'chat', message: 'hello' } as const;
    const r = new Rehearsal({ chat: 'hosts' });
    r.say(r.join('host'), hello);
    expect(r.of('keep-chat')).toHaveLength(1);
    expect(r.refusal(r.join(), hello)).toBe('forbidden');
    const none = new Rehearsal({ chat: 'nobody' });
    expect(none.refusal(none.join('host'), hello)).toBe('forbidden');
  });

  it('takes 20 kinds of reactions and not one more, and names that mean something to JavaScript', () => {
    const r = new Rehearsal();
    const a = r.join();
    r.say(a, { type: 'chat', message: 'hello' });
    keep(r);
    const { messageId } = r.told(a, 'chat')[0]!;
    for (let i = 0; i < 20; i++) {
      const emoji = i === 0 ? '__proto__' : i === 1 ? 'constructor' : `e${i}`;
      expect(r.refusal(a, { type: 'chat-react', messageId, emoji }), emoji).toBeUndefined();
      keep(r);
    }
    expect(r.refusal(a, { type: 'chat-react', messageId, emoji: 'e20' })).toBe('too_many');
    expect(Object.keys(r.state.chat[0]!.reactions!)).toHaveLength(20);
  });

  it('keeps 200 reactions of people who have left, and 1,000 in all', () => {
    const r = new Rehearsal({ capacity: 500 });
    const a = r.join();
    r.say(a, { type: 'chat', message: 'hello' });
    keep(r);
    const { messageId } = r.told(a, 'chat')[0]!;
    const react = (id: string, emoji: string) => {
      const refusal = r.refusal(id, { type: 'chat-react', messageId, emoji });
      keep(r);
      r.effects.length = 0;
      return refusal;
    };
    const reacted = () => r.state.chat[0]!.reactions!;
    for (let i = 0; i < 201; i++) {
      const id = r.join();
      react(id, '👍');
      r.say(id, { type: 'leave' });
    }
    expect(reacted()['👍']).toHaveLength(201);
    react(a, '👍');
    expect(reacted()['👍']).toHaveLength(201);
    expect(reacted()['👍']?.at(-1)).toBe(a);
    // 200 who have left, and 800 of 40 who are here.
    const here = [a, ...Array.from({ length: 39 }, () => r.join())];
    for (let i = 0; i < 19; i++) reacted()[`e${i}`] = [...here];
    for (const id of here.slice(1)) react(id, '👍');
    expect(Object.values(reacted()).flat()).toHaveLength(1_000);
    expect(react(r.join(), '👍')).toBe('too_many');
    expect(Object.values(reacted()).flat()).toHaveLength(1_000);
  });
});
