import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AmphiError, silentLogger } from '#base';
import { Journal } from './journal.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('writes in order, and tries again while the database is away', async () => {
  const journal = new Journal(silentLogger);
  const done: string[] = [];
  let failures = 3;
  journal.note(async () => {
    if (failures-- > 0) throw new Error('gone');
    done.push('first');
  });
  const second = journal.write(async () => {
    done.push('second');
  });
  await vi.advanceTimersByTimeAsync(5_000);
  await second;
  expect(done).toEqual(['first', 'second']);
});

it('says so after 20 s at the most, and goes on with the next', async () => {
  const journal = new Journal(silentLogger);
  const lost = journal.write(() => Promise.reject(new Error('gone'))).catch((e: AmphiError) => e);
  const next = journal.write(async () => {});
  await vi.advanceTimersByTimeAsync(22_000);
  expect(await lost).toMatchObject({ code: 'unavailable' });
  await next;
});

it('says that one is written before the next has its turn', async () => {
  const journal = new Journal(silentLogger);
  let sum = 0;
  const add = () =>
    journal.write(
      async () => sum + 1,
      (next) => {
        sum = next;
      },
    );
  await Promise.all([add(), add(), add()]);
  expect(sum).toBe(3);
});

it('does not repeat what is refused', async () => {
  const journal = new Journal(silentLogger);
  const work = vi.fn(() => Promise.reject(new AmphiError('not_found')));
  await expect(journal.write(work)).rejects.toMatchObject({ code: 'not_found' });
  expect(work).toHaveBeenCalledTimes(1);
});

it('lets 1,000 wait and refuses the next', async () => {
  const journal = new Journal(silentLogger);
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const all = Array.from({ length: 1_000 }, () => journal.write(() => gate));
  await expect(journal.write(() => gate)).rejects.toMatchObject({ code: 'unavailable' });
  release();
  await Promise.all(all);
  await expect(journal.write(async () => {})).resolves.toBeUndefined();
});

describe('what must be kept', () => {
  const gone = () => Promise.reject(new Error('gone'));

  it('is written when the database is back, however much waits and however long that took', async () => {
    const journal = new Journal(silentLogger);
    let isAway = true;
    const work = (what: string, into: string[]) => async () => {
      if (isAway) throw new Error('gone');
      into.push(what);
    };
    const [said, kept]: [string[], string[]] = [[], []];
    for (let i = 0; i < 1_000; i++) journal.note(work(`chat ${i}`, said));
    journal.must('ban', work('ban', kept));
    journal.must('end', work('end', kept));
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(kept).toEqual(['ban', 'end']);
  });

  it('is the newest of its kind, written once', async () => {
    const journal = new Journal(silentLogger);
    const written: number[] = [];
    let release = () => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    journal.must('ban', () => busy.then(() => written.push(0)));
    for (let i = 1; i <= 2_000; i++) journal.must('ban', async () => written.push(i));
    release();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(written).toEqual([0, 2_000]);
  });

  it('does not wait for another kind that cannot be written, nor for what is said', async () => {
    const journal = new Journal(silentLogger);
    const [stuck, written, refused] = [vi.fn(gone), vi.fn(), vi.fn(gone)];
    refused.mockRejectedValue(new AmphiError('meeting_not_found'));
    journal.note(() => new Promise(() => {}));
    journal.must('files', stuck);
    journal.must('refused', refused);
    journal.must('ban', async () => written());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(written).toHaveBeenCalledTimes(1);
    expect(refused).toHaveBeenCalledTimes(1);
    expect(stuck.mock.calls.length).toBeGreaterThan(5);
  });

  it('is waited for at the end, like all that was said, but not for long', async () => {
    const quick = new Journal(silentLogger);
    let failures = 6;
    const work = async () => {
      if (failures-- > 0) throw new Error('gone');
    };
    quick.must('ban', work);
    quick.note(work);
    const done = vi.fn();
    quick.flush().then(done);
    await vi.advanceTimersByTimeAsync(4_000);
    expect([done.mock.calls.length, failures]).toEqual([1, -2]);

    const slow = new Journal(silentLogger);
    const stuck = vi.fn(gone);
    slow.must('ban', stuck);
    for (let i = 0; i < 1_000; i++) slow.note(stuck);
    const over = vi.fn();
    slow.flush().then(over);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(over).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toHaveBeenCalledTimes(1);
    const tried = stuck.mock.calls.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stuck).toHaveBeenCalledTimes(tried);
  });
});
