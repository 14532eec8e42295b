import { describe, expect, it } from 'vitest';
import { copyBytes } from '#base';
import type { MediaUnit } from '#contracts';
import { TAG_AUDIO, TAG_VIDEO } from '#protocol';
import { media, SimClock } from '#support';
import { Source } from './source.ts';

class Publisher {
  readonly remoteAddress = '192.0.2.1';
  readonly closed: string[] = [];
  close(reason: string): void {
    this.closed.push(reason);
  }
}

function setUp() {
  const clock = new SimClock();
  const source = new Source('cam', clock);
  const units: MediaUnit[] = [];
  source.on('unit', (unit) => units.push({ ...unit, payload: copyBytes(unit.payload) }));
  const detached: string[] = [];
  source.on('detached', (reason) => detached.push(reason));
  return { clock, source, units, detached };
}

/** Sends both tracks for a while, in real time. */
function stream(
  { clock }: { clock: SimClock },
  sink: ReturnType<Source['attach']>,
  ms: number,
  startMs = 0,
): void {
  const begin = clock.elapsedUs;
  sink.onMedia(TAG_VIDEO, startMs, media.videoConfigBody());
  sink.onMedia(TAG_AUDIO, startMs, media.audioConfigBody());
  for (let at = 0; at < ms; at += 40) {
    clock.advanceTo(begin + at * 1000);
    sink.onMedia(TAG_VIDEO, startMs + at, media.videoBody(at % 1000 === 0));
    sink.onMedia(TAG_AUDIO, startMs + at, media.audioBody());
  }
}

describe('Source', () => {
  it('holds the first samples back until the least delay among them is known', () => {
    const { clock, source, units } = setUp();
    const sink = source.attach(new Publisher());
    clock.advanceTo(300_000);
    sink.onMedia(TAG_VIDEO, 0, media.videoConfigBody());
    // The connection was slow at first; what follows comes ever closer to its time.
    for (const [ms, lateMs] of [
      [0, 300],
      [100, 250],
      [200, 200],
      [300, 150],
    ] as const) {
      clock.advanceTo((ms + lateMs) * 1000);
      sink.onMedia(TAG_VIDEO, ms, media.videoBody(ms === 0));
    }
    expect(units).toHaveLength(0);
    clock.advanceTo(710_000);
    sink.onMedia(TAG_VIDEO, 695, media.videoBody(false));
    // The best came 15 ms after its time.
    expect(units[0]?.dts).toBe(clock.nowUs() - 695_000);
    expect(units).toHaveLength(5);
  });

  it('keeps the bodies that it holds back, whatever becomes of their memory', () => {
    const { clock, source, units } = setUp();
    const sink = source.attach(new Publisher());
    sink.onMedia(TAG_VIDEO, 0, media.videoConfigBody());
    const body = media.videoBody(true);
    sink.onMedia(TAG_VIDEO, 0, body);
    body.fill(0);
    clock.advance(500_000);
    sink.onMedia(TAG_VIDEO, 500, media.videoBody(false));
    expect(units[0]?.payload).toEqual(media.accessUnit(true));
  });

  it('is detached when its publisher goes, and gives out what it held', () => {
    const all = setUp();
    const { source, units, detached } = all;
    const sink = source.attach(new Publisher());
    stream(all, sink, 200);
    sink.onEnd('the connection ended');
    expect(detached).toEqual(['the connection ended']);
    expect(units).toHaveLength(10);
    expect(source.connected).toBe(false);
    sink.onMedia(TAG_VIDEO, 300, media.videoBody(true));
    expect(units).toHaveLength(10);
  });

  it('sends the first publisher away when another attaches, and hears the new one only', () => {
    const all = setUp();
    const { source, units } = all;
    const [first, second] = [new Publisher(), new Publisher()];
    const old = source.attach(first);
    stream(all, old, 1_000);
    const sink = source.attach(second);
    expect(first.closed).toEqual(['another publisher took over']);
    expect(source.videoConfig).toBeUndefined();
    const before = units.length;
    old.onMedia(TAG_VIDEO, 1_040, media.videoBody(true));
    old.onEnd('the connection ended');
    expect(source.connected).toBe(true);
    stream(all, sink, 1_000, 77_000);
    expect(units.length - before).toBe(50);
    expect(second.closed).toEqual([]);
  });

  it('drops its publisher when told, once', () => {
    const { source, detached } = setUp();
    const publisher = new Publisher();
    source.attach(publisher);
    source.drop('the stream key was changed');
    source.drop('again');
    expect(publisher.closed).toEqual(['the stream key was changed']);
    expect(detached).toEqual(['the stream key was changed']);
  });

  it('tells its health, also after it has gone', () => {
    const all = setUp();
    const { clock, source } = all;
    const sink = source.attach(new Publisher());
    sink.onMetadata({ encoder: 'obs-output module (libobs version 29.0.2)', framerate: 25 });
    stream(all, sink, 3_000);
    sink.onMedia(TAG_VIDEO, 3_000, Uint8Array.of(0x27, 1, 0, 0, 0, 9));
    expect(source.health()).toMatchObject({
      sourceId: 'cam',
      connected: true,
      remoteAddress: '192.0.2.1',
      connectedAt: Math.round((clock.nowUs() - 2_960_000) / 1000),
      encoder: 'obs-output module (libobs version 29.0.2)',
      video: { width: 320, height: 240, fps: 25, gopSeconds: 1 },
      dropped: 1,
      driftMs: 0,
      jumps: 0,
    });
    sink.onMedia(TAG_VIDEO, 3_040, Uint8Array.of(0x1c, 0));
    sink.onEnd('gone');
    expect(source.health()).toMatchObject({ connected: false, video: { width: 320 } });
    expect(source.health().advice.map(({ code }) => code)).toEqual(['codec_unsupported']);
  });

  it.each([
    ['a rate that is said', 29.97, 29.97],
    ['a rate that is absurd', 1_000, undefined],
    ['a rate that is none', 'thirty', undefined],
  ])('takes %s', (_, framerate, declared) => {
    const { source } = setUp();
    source.attach(new Publisher()).onMetadata({ framerate });
    expect(source.declaredFps).toBe(declared);
  });

  it('isHeardWithin says whether the publisher lives', async () => {
    const { source } = setUp();
    const sink = source.attach(new Publisher());
    expect(await source.isHeardWithin(20)).toBe(false);
    const heard = source.isHeardWithin(5_000);
    sink.onMedia(TAG_AUDIO, 0, media.audioConfigBody());
    expect(await heard).toBe(true);
    const gone = source.isHeardWithin(5_000);
    sink.onEnd('gone');
    expect(await gone).toBe(false);
  });
});
