import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import type { WorkerClient } from '#callserver';
import { EventRenditions } from './event-renditions.ts';

const RUN = 'abcdefgh';
const opening = (names: string[], runId = RUN) => ({
  runId,
  tracks: names.map((name) => ({ kind: 'video' as const, name })),
});

let event: EventRenditions;
let overtaken: string[];
beforeEach(() => {
  vi.useFakeTimers();
  overtaken = [];
  event = new EventRenditions('main', silentLogger);
});
afterEach(() => {
  vi.useRealTimers();
});
const write = (who: string, names: string[], fence: number, runId = RUN) =>
  event.write(opening(names, runId), fence, () => overtaken.push(who));

describe('EventRenditions', () => {
  it('hears the writer with the highest fence, and sends away who has no track left', () => {
    write('first', ['720p', '360p'], 1);
    expect(() => write('late', ['720p'], 0)).toThrow(
      expect.objectContaining({ code: 'stale_fence' }),
    );
    write('trial', ['720p'], 2);
    expect(overtaken).toEqual([]);
    write('second', ['720p', '360p'], 3);
    expect(overtaken.toSorted()).toEqual(['first', 'trial']);
  });

  it('takes a writer of its own fence again: its connection had broken', () => {
    write('first', ['720p'], 5);
    write('again', ['720p'], 5);
    expect(overtaken).toEqual(['first']);
  });

  it('begins anew with another run, whatever the fences of the one before', () => {
    write('old', ['720p'], 9);
    write('new', ['720p'], 1, 'ijklmnop');
    expect(overtaken).toEqual(['old']);
  });

  it('has room for eight pictures and not for nine', () => {
    const names = Array.from({ length: 8 }, (_, i) => `${i}p`);
    write('eight', names, 1);
    expect(() => write('ninth', ['8p'], 1)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    );
    write('same', names, 1);
  });

  it('is live while somebody writes pictures, and abandoned a while after', () => {
    const abandoned = vi.fn();
    event.on('abandoned', abandoned);
    const writer = write('job', ['720p'], 1);
    expect(event.live).toBe(true);
    writer.close();
    expect(event.live).toBe(false);
    vi.advanceTimersByTime(4_000);
    const again = write('job', ['720p'], 1);
    vi.advanceTimersByTime(10_000);
    expect(abandoned).not.toHaveBeenCalled();
    again.close();
    vi.advanceTimersByTime(5_000);
    expect(abandoned).toHaveBeenCalledOnce();
  });

  it('takes no unit of a track that was not opened', () => {
    const writer = write('job', ['720p'], 1);
    const unit = { key: true, capturedUs: 0, payload: new Uint8Array(1) };
    writer.unit({ ...unit, track: 0 });
    expect(() => writer.unit({ ...unit, track: 1 })).toThrow(RangeError);
  });

  it('has nothing to play while nobody writes', async () => {
    await expect(event.in({} as WorkerClient)).rejects.toMatchObject({ code: 'not_live' });
  });
});
