import { expect, it, vi } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import type { ChatStore } from '../chat/store.ts';
import { Rehearsal } from '../room/rehearsal.ts';
import type { Effect, RoomChat } from '../room/state.ts';
import { type ChatEffect, ChatKeeper, type KeptFiles } from './chat-keeper.ts';
import { Journal } from './journal.ts';

const FILE = { fileId: '0123456789abcdef', name: 'plan.pdf', size: 1 };

/** A room over a database and files that are only remembered; each write takes a turn of the event loop. */
function keeping() {
  const r = new Rehearsal();
  const rows = new Map<string, RoomChat>();
  const slow = <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    vi.fn(async (...args: Args) => {
      await new Promise(setImmediate);
      return work(...args);
    });
  const chat = {
    keep: slow((_meetingId: string, one: RoomChat) => {
      const kept = rows.get(one.messageId) ?? one;
      rows.set(one.messageId, kept);
      return kept;
    }),
    change: slow((one: RoomChat) => void rows.set(one.messageId, one)),
    find: slow((_meetingId: string, id: string) => rows.get(id)),
  };
  const files = {
    attach: slow(() => FILE),
    removeOf: slow((_messageId: string) => {}),
    removeAll: slow(() => {}),
  } satisfies KeptFiles;
  const journal = new Journal(silentLogger);
  const apply = (effects: readonly Effect[]): void => {
    r.note([...effects]);
    for (const effect of effects) {
      if (effect.type.endsWith('-chat')) keeper.do(effect as ChatEffect);
    }
  };
  const keeper: ChatKeeper = new ChatKeeper({
    room: r.room,
    chat: chat as unknown as ChatStore,
    files,
    journal,
    apply,
    failed: (by, ref, error) => apply(r.room.fail(by, ref, error, r.nowMs)),
  });
  const say = (...args: Parameters<Rehearsal['say']>) => apply(r.say(...args));
  /** All that was said has had its turn. */
  const settled = () => journal.write(async () => {});
  /** Writes a message; its id. */
  const write = async (by: string, more: { fileId?: string } = {}): Promise<string> => {
    say(by, { type: 'chat', message: 'hello', ...more });
    await settled();
    return r.told(by, 'chat').at(-1)!.messageId;
  };
  return { r, rows, chat, files, settled, say, write };
}

it('loses no reaction of several that come at once', async () => {
  const { r, rows, settled, say, write } = keeping();
  const [a, b] = [r.join(), r.join()];
  const messageId = await write(a);
  say(a, { type: 'chat-react', messageId, emoji: '👍' });
  say(b, { type: 'chat-react', messageId, emoji: '👍' });
  say(a, { type: 'chat-react', messageId, emoji: '🎉' });
  say(b, { type: 'chat-react', messageId, emoji: '👍', on: false });
  say(a, { type: 'chat-edit', messageId, message: 'changed' });
  await settled();
  const expected = { message: 'changed', reactions: { '👍': [a], '🎉': [a] } };
  expect(rows.get(messageId)).toMatchObject(expected);
  expect(r.told(b, 'chat-updated').at(-1)?.chat).toMatchObject(expected);
});

it('loses none of a message that is no longer in memory either', async () => {
  const { r, rows, settled, say, write } = keeping();
  const [a, b] = [r.join(), r.join()];
  const messageId = await write(a);
  r.state.chat = [];
  say(a, { type: 'chat-react', messageId, emoji: '👍' });
  say(b, { type: 'chat-react', messageId, emoji: '👍' });
  await settled();
  expect(rows.get(messageId)?.reactions).toEqual({ '👍': [a, b] });
});

it('says what is against a change when it is its turn', async () => {
  const { r, settled, say, write } = keeping();
  const [a, b] = [r.join(), r.join()];
  const messageId = await write(a);
  say(a, { type: 'chat-delete', messageId });
  say(b, { type: 'chat-react', messageId, emoji: '👍', ref: 'late' });
  say(b, { type: 'chat-react', messageId: 'zzzzzzzzzzzzzzzz', emoji: '👍', ref: 'none' });
  await settled();
  expect(r.told(b, 'error')).toMatchObject([
    { ref: 'late', code: 'conflict' },
    { ref: 'none', code: 'not_found' },
  ]);
  expect(r.told(b, 'chat-updated').map(({ chat }) => chat.deleted)).toEqual([true]);
});

it('removes the file of a message once that is deleted, and not where that fails', async () => {
  const { r, chat, files, settled, say, write } = keeping();
  const a = r.join();
  const messageId = await write(a, { fileId: FILE.fileId });
  chat.change.mockRejectedValueOnce(new AmphiError('internal'));
  say(a, { type: 'chat-delete', messageId });
  await settled();
  expect(files.removeOf).not.toHaveBeenCalled();
  files.removeOf.mockRejectedValueOnce(new Error('away'));
  say(a, { type: 'chat-delete', messageId });
  await settled();
  await vi.waitFor(
    () => expect(files.removeOf.mock.calls).toEqual([[messageId], [messageId]]),
    10_000,
  );
});

it('shows and acknowledges nothing under an old ref but what is kept under it', async () => {
  const { r, rows, settled, say } = keeping();
  const [a, b] = [r.join(), r.join()];
  say(a, { type: 'chat', message: 'harmless', ref: 'x' });
  await settled();
  const { messageId } = r.told(b, 'chat')[0]!;
  // The answer is not remembered any more, and the message not in memory.
  const forget = () => {
    r.state.people[a]!.answered = [];
    r.state.chat = Array.from({ length: 100 }, (_, i) => ({
      messageId: String(i).padStart(16, '0'),
      displayName: 'Server',
      message: 'more',
      timestamp: r.nowMs + 1_000 + i,
    }));
  };
  forget();
  say(a, { type: 'chat', message: 'INSULT', ref: 'x' });
  await settled();
  expect(r.told(a, 'error')).toMatchObject([{ ref: 'x', code: 'conflict' }]);
  forget();
  say(a, { type: 'chat', message: 'harmless', ref: 'x' });
  await settled();
  expect(r.told(a, 'ok').map((ok) => ok.messageId)).toEqual([messageId, messageId]);
  expect(r.told(b, 'chat').map(({ message }) => message)).toEqual(['harmless']);
  expect(rows.get(messageId)?.message).toBe('harmless');
});

it('tells what a holder before had kept and could not tell any more', async () => {
  const { r, rows, settled, say } = keeping();
  const [a, b] = [r.join(), r.join()];
  say(a, { type: 'chat', message: 'hello', ref: 'x' });
  await settled();
  const [first] = r.told(b, 'chat');
  r.state.people[a]!.answered = [];
  r.state.chat = [];
  say(a, { type: 'chat', message: 'hello', ref: 'x' });
  await settled();
  expect(r.told(b, 'chat')).toEqual([first, first]);
  expect(rows.size).toBe(1);
});
