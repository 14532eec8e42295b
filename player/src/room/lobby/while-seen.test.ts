import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whileSeen } from './while-seen.ts';

class FakeDocument extends EventTarget {
  hidden = false;

  show(isShown: boolean): void {
    this.hidden = !isShown;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

let page: FakeDocument;
const act = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  act.mockClear();
  page = new FakeDocument();
  vi.stubGlobal('document', page);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('acts at once, and then as often as was said, until it is ended', () => {
  const stop = whileSeen(10_000, act);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(9_999);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_001);
  expect(act).toHaveBeenCalledTimes(3);
  stop();
  page.show(true);
  vi.advanceTimersByTime(60_000);
  expect(act).toHaveBeenCalledTimes(3);
});

it('rests while nobody looks, and acts at once for who comes back', () => {
  const stop = whileSeen(10_000, act);
  page.show(false);
  vi.advanceTimersByTime(60_000);
  expect(act).toHaveBeenCalledTimes(1);
  page.show(true);
  expect(act).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(10_000);
  expect(act).toHaveBeenCalledTimes(3);
  stop();
});

it('acts once on a page that is opened behind others', () => {
  page.hidden = true;
  const stop = whileSeen(10_000, act);
  vi.advanceTimersByTime(60_000);
  expect(act).toHaveBeenCalledTimes(1);
  stop();
});
