import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from '#base';
import type { PlaybackSession, TransportStats, WorkerClient } from '#callserver';
import { WhepViewer } from './viewer.ts';
import type { Watching } from './watchable.ts';

const stream = (layer: number, rank: number, height: number) => ({
  layer,
  rank,
  ssrc: layer,
  live: true,
  width: height,
  height,
  bitsPerSecond: 1,
  packets: 0,
  lost: 0,
  repaired: 0,
  duplicates: 0,
  malformed: 0,
  keyFrameRequests: 0,
});

class FakeSession extends Emitter<{ closed: [] }> {
  readonly answer = 'v=0\r\nm=audio 9 X 0\r\nm=video 9 X 0\r\n';
  readonly preferLayers = vi.fn(async () => {});
  readonly close = vi.fn(async () => this.emit('closed'));
}

let session: FakeSession;
let streams: ReturnType<typeof stream>[];
let viewer: WhepViewer;
let watching: Watching;
const release = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  session = new FakeSession();
  streams = [stream(0, 0, 240), stream(1, 1, 720)];
  const stats = async () =>
    ({ producers: [{ producerId: 'picture', streams }] }) as unknown as TransportStats;
  release.mockClear();
  watching = {
    session: session as unknown as PlaybackSession,
    worker: {} as WorkerClient,
    sourceId: 'camera',
    stats,
    nameOf: (i) => ['low', 'high'][i],
    release,
  };
  viewer = new WhepViewer(watching);
});
afterEach(async () => {
  await viewer.close();
  vi.useRealTimers();
});

describe('WhepViewer', () => {
  it('gives the layer that is chosen at most, and what the path bears without one', async () => {
    await viewer.choose('low');
    expect(session.preferLayers).toHaveBeenLastCalledWith(0, 7);
    await viewer.choose(undefined);
    expect(session.preferLayers).toHaveBeenLastCalledWith(7, 7);
    await expect(viewer.choose('none')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('tells the layers when they change, and their rates every five seconds', async () => {
    const emit = vi.spyOn(viewer.events, 'emit');
    await viewer.tellLayers();
    await viewer.tellLayers();
    expect(emit).toHaveBeenCalledExactlyOnceWith('layers', {
      1: [
        { rid: 'high', width: 720, height: 720, bitrate: 1 },
        { rid: 'low', width: 240, height: 240, bitrate: 1 },
      ],
    });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(emit).toHaveBeenCalledTimes(1);
    streams.pop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(emit).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(emit).toHaveBeenCalledTimes(3);
  });

  it('says that it ends before it does, where somebody listens', async () => {
    viewer.events.create(['reconnect']);
    const emit = vi.spyOn(viewer.events, 'emit');
    const gone = viewer.reconnect();
    expect(emit).toHaveBeenCalledWith('reconnect', {});
    expect(session.close).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(300);
    await gone;
    expect(session.close).toHaveBeenCalledOnce();
    await viewer.reconnect();
    expect(session.close).toHaveBeenCalledOnce();
  });

  it('ends at once where nobody listens', async () => {
    await viewer.reconnect();
    expect(session.close).toHaveBeenCalledOnce();
  });

  it('goes over to something else with the layer that was chosen, in the same session', async () => {
    const emit = vi.spyOn(viewer.events, 'emit');
    await viewer.tellLayers();
    await viewer.choose('low');
    streams = [stream(0, 1, 240), stream(1, 0, 100)];
    await viewer.turn(async (before) => ({ ...before, sourceId: undefined }));
    expect(viewer.sourceId).toBeUndefined();
    expect(emit).toHaveBeenCalledTimes(2);
    expect(session.preferLayers).toHaveBeenLastCalledWith(1, 7);
    streams = [stream(1, 0, 100)];
    await viewer.turn(async (before) => ({ ...before }));
    expect(session.preferLayers).toHaveBeenLastCalledWith(7, 7);
    expect(session.close).not.toHaveBeenCalled();
    await viewer.close();
    expect(release).toHaveBeenCalledOnce();
  });

  it('stays where what is watched is given back, and begins anew where nothing is', async () => {
    const emit = vi.spyOn(viewer.events, 'emit');
    await viewer.turn(async (before) => before);
    expect(emit).not.toHaveBeenCalled();
    await viewer.turn(async () => undefined);
    expect(emit).toHaveBeenCalledWith('reconnect', {});
    expect(session.close).toHaveBeenCalledOnce();
  });

  it('turns once after the other, and not at all when it has ended', async () => {
    const order: string[] = [];
    const turn = (name: string, gate: Promise<unknown>) =>
      viewer.turn(async (before) => {
        order.push(`${name} begins`);
        await gate;
        order.push(`${name} ends`);
        return before;
      });
    let open: (value?: unknown) => void = () => {};
    const first = turn('first', new Promise((resolve) => (open = resolve)));
    const second = turn('second', Promise.resolve());
    open();
    await Promise.all([first, second]);
    await viewer.close();
    await turn('late', Promise.resolve());
    expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('lets go of what it would have gone over to when it ends meanwhile', async () => {
    const late = vi.fn();
    await viewer.turn(async (before) => {
      await viewer.close();
      return { ...before, release: late };
    });
    expect(late).toHaveBeenCalledOnce();
    expect(release).toHaveBeenCalledOnce();
  });
});
