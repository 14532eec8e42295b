import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from '#base';
import { Arrivals } from './arrivals.ts';

class FakeSession extends Emitter<{ connected: []; closed: []; layer: [string, number] }> {
  readonly close = vi.fn(async () => this.emit('closed'));
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Arrivals', () => {
  it('lets sixteen of one address wait and not seventeen; others do not matter', () => {
    const arrivals = new Arrivals();
    const entered = Array.from({ length: 16 }, () => arrivals.enter('192.0.2.1'));
    expect(() => arrivals.enter('192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'too_many' }),
    );
    arrivals.enter('192.0.2.2');
    entered[0]?.over();
    entered[0]?.over();
    arrivals.enter('192.0.2.1');
    expect(() => arrivals.enter('192.0.2.1')).toThrow();
  });

  it('counts the addresses of one IPv6 subscriber as one', () => {
    const arrivals = new Arrivals();
    for (let i = 1; i <= 16; i++) arrivals.enter(`2001:db8::${i}`);
    expect(() => arrivals.enter('2001:db8::17')).toThrow();
    arrivals.enter('2001:db8:0:1::1').over();
  });

  it('ends who does not connect, and leaves who does', () => {
    const arrivals = new Arrivals();
    const [idle, connected] = [new FakeSession(), new FakeSession()];
    const over = { idle: vi.fn(), connected: vi.fn() };
    arrivals.expect(idle, over.idle);
    arrivals.expect(connected, over.connected);
    connected.emit('connected');
    expect(over.connected).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(10_000);
    expect(idle.close).toHaveBeenCalledOnce();
    expect(over.idle).toHaveBeenCalled();
    expect(connected.close).not.toHaveBeenCalled();
  });
});
