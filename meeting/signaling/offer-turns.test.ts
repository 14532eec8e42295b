import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OfferTurns } from './offer-turns.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Offers that are answered when that is asked for. */
function offering() {
  const turns = new OfferTurns();
  const begun: string[] = [];
  const answers = new Map<string, () => void>();
  const ended: string[] = [];
  const offer = (name: string, session = 'send a') => {
    turns
      .answer(session, () => {
        begun.push(name);
        return new Promise<void>((resolve) => answers.set(name, resolve));
      })
      .then(
        () => ended.push(name),
        (error: { code: string }) => ended.push(`${name} ${error.code}`),
      );
  };
  const answer = async (name: string) => {
    answers.get(name)?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { turns, begun, ended, offer, answer };
}

it('answers one after the other, and of those that wait the newest only', async () => {
  const { begun, ended, offer, answer } = offering();
  for (const name of ['1', '2', '3']) offer(name);
  offer('other', 'receive a');
  expect(begun).toEqual(['1', 'other']);
  await answer('1');
  expect(begun).toEqual(['1', 'other', '3']);
  await answer('3');
  expect(ended).toEqual(['2 conflict', '1', '3']);
});

it('answers ten at once, and two a second after', async () => {
  const { begun, offer, answer } = offering();
  for (let i = 1; i <= 11; i++) {
    offer(`${i}`);
    await answer(`${i}`);
  }
  expect(begun).toHaveLength(10);
  offer('newest');
  await vi.advanceTimersByTimeAsync(499);
  expect(begun).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun.slice(10)).toEqual(['newest']);
});

it('looks at nothing more of who has gone, or when it is closed', async () => {
  const { turns, begun, ended, offer, answer } = offering();
  offer('1');
  offer('2');
  offer('b', 'send b');
  offer('c', 'send b');
  turns.forget('send a');
  expect(turns.size).toBe(1);
  turns.close();
  await answer('1');
  await answer('b');
  expect(begun).toEqual(['1', 'b']);
  expect(ended.sort()).toEqual(['1', '2 closed', 'b', 'c closed']);
  await expect(turns.answer('send d', async () => {})).rejects.toMatchObject({ code: 'closed' });
  expect(turns.size).toBe(0);
});
