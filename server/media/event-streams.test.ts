import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStreams } from './event-streams.ts';

class Answer extends EventEmitter {
  text = '';
  ended = false;
  writeHead() {
    return this;
  }
  write(text: string) {
    this.text += text;
  }
  end() {
    this.ended = true;
    this.emit('close');
  }
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
  get events(): string[] {
    return [...this.text.matchAll(/event: (\w+)/g)].map(([, name]) => String(name));
  }
}

let streams: EventStreams;
beforeEach(() => {
  vi.useFakeTimers();
  streams = new EventStreams();
});
afterEach(async () => {
  await streams.close();
  vi.useRealTimers();
});

describe('EventStreams', () => {
  it('gives each reader the events that it asked for: the newest of before, and all from then on', () => {
    streams.emit('layers', { 0: [1] });
    streams.emit('layers', { 0: [2] });
    streams.emit('active', {});
    const id = streams.create(['layers', 'reconnect', 'viewercount']);
    streams.emit('layers', { 0: [3] });
    const answer = new Answer();
    streams.open(id, answer.response);
    streams.emit('reconnect', {});
    streams.emit('inactive', {});
    expect(answer.text).toContain('event: layers\ndata: {"0":[3]}\n\n');
    expect(answer.events).toEqual(['layers', 'reconnect']);
  });

  it('says active or inactive, whichever holds', () => {
    streams.emit('active', {});
    streams.emit('inactive', {});
    const answer = new Answer();
    streams.open(streams.create(['active', 'inactive']), answer.response);
    expect(answer.events).toEqual(['inactive']);
  });

  it('keeps what comes while nobody reads, and lets the newest reader have it', () => {
    const id = streams.create(['layers']);
    const [first, second] = [new Answer(), new Answer()];
    streams.open(id, first.response);
    streams.open(id, second.response);
    expect(first.ended).toBe(true);
    second.end();
    streams.emit('layers', {});
    const third = new Answer();
    streams.open(id, third.response);
    expect([first, second, third].map(({ events }) => events.length)).toEqual([0, 0, 1]);
  });

  it('beats, so that no proxy takes it for dead', () => {
    const answer = new Answer();
    streams.open(streams.create([]), answer.response);
    vi.advanceTimersByTime(10_000);
    expect(answer.text).toContain('\n: \n\n');
  });

  it('has four streams for a viewer and not five', () => {
    const ids = [1, 2, 3, 4].map(() => streams.create([]));
    expect(() => streams.create([])).toThrow('event streams');
    streams.delete(ids[0] ?? '');
    streams.create([]);
    expect(() => streams.delete(ids[0] ?? '')).toThrow('no such event stream');
  });

  it('ends with its session', async () => {
    const answer = new Answer();
    const id = streams.create([]);
    streams.open(id, answer.response);
    await streams.close();
    expect(answer.ended).toBe(true);
    expect(() => streams.open(id, answer.response)).toThrow('no such event stream');
  });
});
