import { describe, expect, it } from 'vitest';
import { TIME_HEADER as SENT_BY_SERVERS } from '#contracts';
import { ServerClock, TIME_HEADER } from './server-clock.ts';

/** An answer as a server whose clock is `offsetMs` ahead gives it: our own, or one that knows only `Date`. */
function answer(atMs: number, offsetMs: number, upMs = 20, downMs = 20) {
  return { ...dated(atMs, offsetMs, upMs, downMs), serverMs: Math.floor(atMs + offsetMs) };
}

function dated(atMs: number, offsetMs: number, upMs = 20, downMs = 20) {
  return {
    sentAtMs: atMs - upMs,
    receivedAtMs: atMs + downMs,
    dateMs: Math.floor((atMs + offsetMs) / 1000) * 1000,
  };
}

const T0 = 1_800_000_000_000;

describe('ServerClock', () => {
  it('says zero before the first answer', () => {
    const clock = new ServerClock();
    expect(clock.offsetMs).toBe(0);
    expect(clock.known).toBe(false);
  });

  it.each([-3_700, -420, 0, 35, 950, 86_400_000])(
    'knows an offset of %i ms from the first answer',
    (offset) => {
      const clock = new ServerClock();
      clock.add(answer(T0, offset));
      expect(Math.abs(clock.offsetMs - offset)).toBeLessThan(25);
      expect(clock.uncertaintyMs).toBeLessThan(25);
    },
  );

  it.each([-3_700, -420, 0, 950, 86_400_000])(
    'finds an offset of %i ms from dates alone',
    (offset) => {
      const clock = new ServerClock();
      for (let i = 0; i < 60; i++) clock.add(dated(T0 + i * 351, offset));
      expect(Math.abs(clock.offsetMs - offset)).toBeLessThan(80);
      expect(clock.uncertaintyMs).toBeLessThan(80);
    },
  );

  it('keeps the truth within its bounds when the way is slow and lopsided', () => {
    const clock = new ServerClock();
    for (let i = 0; i < 60; i++)
      clock.add(answer(T0 + i * 317, 1_234, 30 + ((i * 97) % 400), 20 + ((i * 31) % 90)));
    expect(Math.abs(clock.offsetMs - 1_234)).toBeLessThan(130);
  });

  it('takes agreeing clocks for agreeing while little is known', () => {
    const clock = new ServerClock();
    clock.add(dated(T0 + 480, 0));
    expect(clock.offsetMs).toBe(0);
  });

  it('begins anew when a clock was set', () => {
    const clock = new ServerClock();
    for (let i = 0; i < 20; i++) clock.add(answer(T0 + i * 337, 0));
    for (let i = 20; i < 30; i++) clock.add(answer(T0 + i * 337, 60_000));
    expect(Math.abs(clock.offsetMs - 60_000)).toBeLessThan(70);
  });

  it('is not led astray by an answer that the browser had kept', () => {
    const clock = new ServerClock();
    for (let i = 0; i < 8; i++) clock.add(answer(T0 + i * 337, 40));
    clock.add({ ...answer(T0, 40), sentAtMs: T0 + 3_000, receivedAtMs: T0 + 3_002 });
    expect(Math.abs(clock.offsetMs - 40)).toBeLessThan(25);
  });

  it('adds the time that an answer spent in a cache', () => {
    const clock = new ServerClock();
    for (let i = 0; i < 40; i++) {
      const fresh = answer(T0 + i * 337, 500);
      clock.add({ ...fresh, dateMs: fresh.dateMs - 30_000, ageSeconds: 30 });
    }
    expect(Math.abs(clock.offsetMs - 500)).toBeLessThan(600);
  });

  it.each([
    { sentAtMs: Number.NaN, receivedAtMs: T0, dateMs: T0 },
    { sentAtMs: T0, receivedAtMs: T0, dateMs: Number.NaN },
    { sentAtMs: T0 + 5_000, receivedAtMs: T0, dateMs: T0 },
  ])('ignores an answer that makes no sense', (sample) => {
    const clock = new ServerClock();
    clock.add(sample);
    expect(clock.offsetMs).toBe(0);
  });
});

describe('TIME_HEADER', () => {
  it('is the one that servers send', () => {
    expect(TIME_HEADER).toBe(SENT_BY_SERVERS);
  });
});
