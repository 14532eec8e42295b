import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { LiveState } from '#contracts';
import type { Redis } from '#platform';
import { LiveStates } from './live-states.ts';

const state = (version: number, about: Partial<LiveState> = {}): string =>
  JSON.stringify({
    eventId: 'main',
    version,
    status: 'live',
    title: '',
    visibility: 'public',
    dvrSeconds: 0,
    sources: [],
    ...about,
  });

class FakeSubscriber extends EventEmitter {
  subscribe = vi.fn(async () => 1);
  disconnect = vi.fn();
  says(text: string): void {
    this.emit('message', 'amphi:live', text);
  }
}

let get: ReturnType<typeof vi.fn>;
let subscriber: FakeSubscriber;
let states: LiveStates;
let turned: LiveState[];

beforeEach(() => {
  get = vi.fn(async () => null);
  subscriber = new FakeSubscriber();
  states = LiveStates.start(
    { get } as unknown as Redis,
    subscriber as unknown as Redis,
    silentLogger,
  );
  turned = [];
  states.on('turned', (now) => turned.push(now));
});

describe('LiveStates', () => {
  it('tells when the status, the source on air or who may watch changes, and not otherwise', () => {
    subscriber.says(state(1));
    subscriber.says(state(2, { title: 'new' }));
    subscriber.says(state(3, { onAir: 'camera' }));
    subscriber.says(state(4, { onAir: 'camera', status: 'interrupted' }));
    subscriber.says(
      state(5, { onAir: 'camera', status: 'interrupted', visibility: 'private', title: 'x' }),
    );
    expect(turned.map(({ version }) => version)).toEqual([1, 3, 4, 5]);
    expect(states.heard('main')?.version).toBe(5);
    expect(states.heard('other')).toBeUndefined();
  });

  it('takes no older state for news, and nothing that is none', () => {
    subscriber.says(state(5));
    subscriber.says(state(4, { onAir: 'camera' }));
    subscriber.says('{');
    expect(turned).toHaveLength(1);
  });

  it('asks for what it has not heard of', async () => {
    expect(await states.of('main')).toBeUndefined();
    get.mockResolvedValue(state(1));
    expect((await states.of('main'))?.version).toBe(1);
    subscriber.says(state(2));
    get.mockClear();
    expect((await states.of('main'))?.version).toBe(2);
    expect(get).not.toHaveBeenCalled();
  });

  it('does not wait for a Redis that hangs', async () => {
    vi.useFakeTimers();
    get.mockReturnValue(new Promise(() => {}));
    const asked = expect(states.of('main')).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(1_500);
    await asked;
    vi.useRealTimers();
  });
});
