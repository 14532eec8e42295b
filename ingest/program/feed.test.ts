import { describe, expect, it } from 'vitest';
import { micros } from '#base';
import type { MediaConfig, MediaUnit } from '#contracts';
import { type FlvAv, FlvReader, parseAvTag, TAG_VIDEO } from '#protocol';
import { media } from '#support';
import { type FeedSink, ProgramFeed } from './feed.ts';

const START = micros(1_800_000_123_456_789);
const AVC: MediaConfig = { track: 'video', codec: 'h264', bytes: media.AVC_320 };
const AVC_2: MediaConfig = { track: 'video', codec: 'h264', bytes: media.AVC_640 };
const AAC: MediaConfig = { track: 'audio', codec: 'aac', bytes: media.AAC_48K_STEREO };

const picture = (ms: number, key: boolean, bytes = 100): MediaUnit => {
  const dts = micros(START + ms * 1000);
  const payload = media.accessUnit(key, bytes);
  return { track: 'video', codec: 'h264', dts, pts: dts, key, payload };
};
const sound = (ms: number): MediaUnit => {
  const pts = micros(START + ms * 1000);
  return { track: 'audio', codec: 'aac', dts: pts, pts, key: true, payload: Uint8Array.of(0x21) };
};

/** A reader that takes everything, or as little as it is told to. */
class Reader implements FeedSink {
  readonly tags: (FlvAv & { ms: number })[] = [];
  backlogBytes = 0;
  end_ = '';
  #baseMs: number;
  readonly #flv = new FlvReader({
    maxBodyBytes: 1 << 26,
    onTag: (tag) =>
      this.tags.push({ ...parseAvTag(tag.type, tag.body), ms: tag.timestampMs + this.#baseMs }),
  });

  constructor(feed: ProgramFeed) {
    this.#baseMs = (feed.baseUs - START) / 1000;
  }

  write(bytes: Uint8Array): void {
    this.#flv.push(Uint8Array.from(bytes));
  }

  end(): void {
    this.end_ = 'end';
  }

  abort(): void {
    this.end_ = 'abort';
  }

  get kinds(): string {
    return this.tags
      .map((tag) => {
        if (tag.kind === 'video') return tag.key ? 'K' : 'p';
        return tag.kind === 'audio' ? 'a' : tag.kind === 'video-config' ? 'V' : 'A';
      })
      .join('');
  }

  keysMs(): number[] {
    return this.tags.filter((t) => t.kind === 'video' && t.key).map(({ ms }) => Math.round(ms));
  }
}

/** GOPs of a second, five frames each, with sound between. */
function fill(feed: ProgramFeed, fromSecond: number, toSecond: number, bytes = 100): void {
  for (let ms = fromSecond * 1000; ms < toSecond * 1000; ms += 200) {
    feed.unit(picture(ms, ms % 1000 === 0, bytes));
    feed.unit(sound(ms + 100));
  }
}

/** What is there for who comes after ten seconds. */
const KEPT = Array.from({ length: 11 }, (_, i) => (i - 1) * 1_000);

describe('ProgramFeed', () => {
  it('has a base on the grid of all frame rates, before the start and not long before', () => {
    const { baseUs } = new ProgramFeed(START);
    expect(baseUs % 8_008_000_000).toBe(0);
    expect(START - baseUs).toBeGreaterThanOrEqual(1_000_000);
    expect(START - baseUs).toBeLessThan(8_009_000_001);
    // Whole frames at n/1001 rates and whole AAC frames at 48 kHz lie between any two bases.
    for (const framesPerSecond of [
      24_000 / 1001,
      30_000 / 1001,
      60_000 / 1001,
      24,
      25,
      30,
      50,
      60,
    ]) {
      expect((8_008 * framesPerSecond) % 1).toBeCloseTo(0, 9);
    }
    expect((8_008 * 48_000) % 1024).toBe(0);
  });

  it('gives a reader configurations in band, then every unit with its times', () => {
    const feed = new ProgramFeed(START);
    const reader = new Reader(feed);
    feed.subscribe(reader);
    feed.config(AVC, START);
    feed.config(AAC, START);
    fill(feed, 0, 1);
    const late = picture(1_000, false);
    feed.unit({ ...late, pts: micros(late.dts + 80_000) } as MediaUnit, 7_000);
    expect(reader.kinds).toBe('VAKapapapapap');
    const last = reader.tags.at(-1);
    expect(last).toMatchObject({ kind: 'video', compositionMs: 80 });
    expect(Math.round(last!.ms)).toBe(1_007);
  });

  it('keeps ten seconds for readers to come, with the configurations in force', () => {
    const feed = new ProgramFeed(START);
    feed.config(AVC, START);
    feed.config(AAC, START);
    fill(feed, -4, 10);
    const reader = new Reader(feed);
    feed.subscribe(reader);
    expect(reader.keysMs()).toEqual(KEPT);
    expect(reader.kinds.startsWith('VAKa')).toBe(true);
    expect(reader.tags[0]).toMatchObject({ config: media.AVC_320 });
  });

  it('keeps three GOPs where they are long', () => {
    const feed = new ProgramFeed(START);
    for (let second = 0; second <= 40; second++)
      feed.unit(picture(second * 1000, second % 8 === 0));
    const reader = new Reader(feed);
    feed.subscribe(reader);
    expect(reader.keysMs()).toEqual([24_000, 32_000, 40_000]);
  });

  it.each([
    ['at the key frame before the time asked for', 8_600, [8_000, 9_000]],
    ['at that very key frame', 9_000, [9_000]],
    ['with the oldest when the time is long past', -60_000, KEPT],
    ['with the newest when the time is to come', 99_000, [9_000]],
    ['with the oldest when the time is none', Number.NaN, KEPT],
  ])('begins %s', (_, fromMs, keys) => {
    const feed = new ProgramFeed(START);
    feed.config(AVC, START);
    fill(feed, -4, 10);
    const reader = new Reader(feed);
    feed.subscribe(reader, START + fromMs * 1000);
    expect(reader.keysMs()).toEqual(keys);
  });

  it('begins a key frame earlier where the sound comes ahead of its pictures', () => {
    const feed = new ProgramFeed(START);
    feed.config(AVC, START);
    for (let ms = 0; ms < 5_000; ms += 200) {
      feed.unit(sound(ms + 300));
      feed.unit(picture(ms, ms % 1000 === 0));
    }
    const soundFrom = (ms: number) => {
      const reader = new Reader(feed);
      feed.subscribe(reader, START + ms * 1000);
      const sounds = reader.tags.filter(({ kind }) => kind === 'audio').map((tag) => tag.ms);
      return { keys: reader.keysMs(), first: Math.round(Math.min(...sounds)) };
    };
    // The key frame at 4 s comes behind the sound of 4.3 s.
    expect(soundFrom(4_300)).toEqual({ keys: [3_000, 4_000], first: 3_500 });
    expect(soundFrom(4_301)).toEqual({ keys: [4_000], first: 4_500 });
  });

  it('opens with the configuration that was in force where a reader begins', () => {
    const feed = new ProgramFeed(START);
    feed.config(AVC, START);
    fill(feed, 0, 2);
    feed.config(AVC_2, micros(START + 2_000_000));
    fill(feed, 2, 4);
    const early = new Reader(feed);
    feed.subscribe(early, START + 1_500_000);
    expect(early.kinds).toMatch(/^VK[^V]*V/);
    expect(early.tags[0]).toMatchObject({ config: media.AVC_320 });
    const late = new Reader(feed);
    feed.subscribe(late, START + 3_500_000);
    expect(late.kinds).toMatch(/^VK[^V]*$/);
    expect(late.tags[0]).toMatchObject({ config: media.AVC_640 });
  });

  it('takes whole GOPs from a reader that is too slow, and nothing from the others', () => {
    const feed = new ProgramFeed(START);
    const [slow, quick] = [new Reader(feed), new Reader(feed)];
    feed.subscribe(slow);
    feed.subscribe(quick);
    feed.config(AVC, START);
    fill(feed, 0, 1);
    feed.unit(picture(1_000, true));
    slow.backlogBytes = 13 * 1024 * 1024;
    for (const ms of [1_200, 1_400]) feed.unit(picture(ms, false));
    slow.backlogBytes = 100;
    // Drained, but in the middle of a GOP.
    feed.unit(picture(1_600, false));
    feed.config(AVC_2, micros(START + 2_000_000));
    feed.unit(picture(2_000, true));
    feed.unit(picture(2_200, false));
    expect(slow.kinds).toBe('VKapapapapaKVKp');
    expect(quick.kinds).toBe('VKapapapapaKpppVKp');
    expect(feed.skipped).toBe(3);
  });

  it('does not begin again while the backlog is still half full', () => {
    const feed = new ProgramFeed(START);
    const reader = new Reader(feed);
    feed.subscribe(reader);
    fill(feed, 0, 1);
    reader.backlogBytes = 13 * 1024 * 1024;
    feed.unit(picture(1_000, true));
    reader.backlogBytes = 1024 * 1024;
    feed.unit(picture(2_000, true));
    expect(reader.keysMs()).toEqual([0]);
  });

  it('holds no more than its bound, whether key frames come or not', () => {
    for (const key of [true, false]) {
      const feed = new ProgramFeed(START);
      feed.config(AVC, START);
      feed.unit(picture(0, true));
      for (let i = 1; i < 200; i++) {
        feed.unit(picture(i * 40, key && i % 50 === 0, 1024 * 1024));
        expect(feed.historyBytes).toBeLessThanOrEqual(64 * 1024 * 1024);
      }
      const reader = new Reader(feed);
      feed.subscribe(reader);
      feed.unit(picture(9_000, false));
      feed.unit(picture(9_040, true));
      feed.unit(picture(9_080, false));
      // Whoever begins does so at a key frame, be it in the past or the next one.
      expect(reader.kinds).toMatch(/^VK/);
      expect(reader.kinds).toMatch(/Kp$/);
    }
  });

  it('keeps what its readers have not sent yet', () => {
    const feed = new ProgramFeed(START);
    const held: Uint8Array[] = [];
    const sink = {
      write: (bytes: Uint8Array) => held.push(bytes),
      backlogBytes: 1,
      end: () => {},
      abort: () => {},
    };
    const stop = feed.subscribe(sink);
    feed.unit(picture(0, true, 300_000));
    const [, first] = held;
    const before = Uint8Array.from(first!);
    for (let i = 1; i < 40; i++) feed.unit(picture(i * 1_000, true, 300_000));
    expect(Uint8Array.from(first!)).toEqual(before);
    stop();
    expect(feed.readers).toBe(0);
  });

  it('ends its readers when the program is over, also those who come later', () => {
    const feed = new ProgramFeed(START);
    const [early, late] = [new Reader(feed), new Reader(feed)];
    feed.subscribe(early);
    fill(feed, 0, 1);
    feed.end();
    expect(early.end_).toBe('end');
    feed.unit(picture(1_000, true));
    expect(early.keysMs()).toEqual([0]);
    feed.subscribe(late);
    expect(late.keysMs()).toEqual([0]);
    expect(late.end_).toBe('end');
    expect(feed.readers).toBe(0);
  });

  it('cuts its readers off when the program goes elsewhere', () => {
    const feed = new ProgramFeed(START);
    const reader = new Reader(feed);
    feed.subscribe(reader);
    feed.abort();
    expect(reader.end_).toBe('abort');
  });

  it('forgets a reader that leaves', () => {
    const feed = new ProgramFeed(START);
    const reader = new Reader(feed);
    const leave = feed.subscribe(reader);
    leave();
    fill(feed, 0, 1);
    expect(reader.tags).toHaveLength(0);
    feed.end();
    expect(reader.end_).toBe('');
  });

  it('writes video and audio tags that say so', () => {
    const feed = new ProgramFeed(START);
    const types: number[] = [];
    const flv = new FlvReader({ maxBodyBytes: 1 << 20, onTag: ({ type }) => types.push(type) });
    feed.subscribe({
      write: (bytes) => flv.push(Uint8Array.from(bytes)),
      backlogBytes: 0,
      end: () => {},
      abort: () => {},
    });
    feed.config(AVC, START);
    expect(types).toEqual([TAG_VIDEO]);
  });
});
