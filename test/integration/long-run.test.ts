import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Logger } from '#base';
import type { CutGrid, Rendition } from '#contracts';
import { FlvReader, parseAvTag } from '#protocol';
import { media, SimClock, wire } from '#support';
import { PlaylistWriter } from '../../edge/origin/playlists.ts';
import { RenditionStore } from '../../edge/origin/rendition-store.ts';
import { endOf } from '../../edge/origin/segment.ts';
import { newCounters } from '../../ingest/metrics.ts';
import { Program } from '../../ingest/program/program.ts';
import { MuxedCutter } from '../../transcode/cmaf/cutter.ts';
import { PartGrid } from '../../transcode/cmaf/grid.ts';

/**
 * A day of broadcast in simulated time, from an encoder's timestamps to the
 * text of playlists. Only ffmpeg is stood in for: its frames are numbered as
 * its constant rate would number them.
 */

const HOURS = 24;
const FPS = 10;
const FRAME_US = 1e6 / FPS;
/** Sound in few and long frames: 8 kHz. */
const SOUND_MS = 128;
const GRID: CutGrid = { segmentUs: 4_000_000, phaseUs: 0, partsPerSegment: 2 };
const DVR_US = 600e6;
const SEND_AHEAD_US = 40_000;
/** What the heap may grow by between the second hour and the last. */
const HEAP_GROWTH_BYTES = 4 * 1024 * 1024;
/** Buffers come and go in blocks: between the same bounds at the end as at the beginning. */
const BUFFER_BYTES = 32 * 1024 * 1024;
const SETTLED_US = 60e6;
/** Of a picture from the wall clock: its jitter, and what slewing leaves. */
const MAX_WANDER_US = 100_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const memory = () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsed, external };
};

const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;
Object.assign(log, { child: () => log });

/** The parts' way from the cutter into the origin's store, and what must hold there. */
function origin(clock: SimClock) {
  const rendition: Rendition = {
    renditionId: '180p',
    runId: 'run0000000000000',
    kind: 'video',
    codecs: 'avc1.42c00d,mp4a.40.2',
    width: 320,
    height: 180,
    frameRate: FPS,
    bitsPerSecond: 300_000,
    order: 0,
    ladderSize: 1,
    grid: GRID,
  };
  const store = new RenditionStore(rendition, clock);
  const writer = new PlaylistWriter(store, () => []);
  const { number } = store.addInit(Uint8Array.of(1));
  const seen = { segments: 0, playlists: 0, wrong: [] as string[], sequence: 0, first: 0 };
  let endUs: number | undefined;
  store.on('completed', (segment) => {
    seen.segments++;
    if (segment.gap || segment.discontinuity) seen.wrong.push(`segment ${segment.number}`);
    if (endUs !== undefined && Math.abs(segment.startUs - endUs) > 1) {
      seen.wrong.push(`${segment.number} begins ${segment.startUs - endUs} µs after the end`);
    }
    endUs = endOf(segment);
    store.saved(segment);
    const nowUs = clock.nowUs();
    store.trim(nowUs - DVR_US, nowUs - DVR_US - 20e6);
    if (seen.segments % 15 !== 0) return;
    const text = writer.get('low-latency', 'bare').toString();
    seen.playlists++;
    const sequence = Number(text.match(/#EXT-X-MEDIA-SEQUENCE:(\d+)/)?.[1]);
    if (!(sequence >= seen.sequence)) seen.wrong.push(`sequence ${seen.sequence} -> ${sequence}`);
    seen.sequence = sequence;
    if (seen.playlists === 1) seen.first = sequence;
    if (/GAP|DISCONTINUITY\n|NaN|Infinity|undefined/.test(text))
      seen.wrong.push(text.slice(0, 400));
    for (const [, seconds] of text.matchAll(/#EXTINF:([\d.]+)/g)) {
      if (Math.abs(Number(seconds) - 4) > 0.11) seen.wrong.push(`EXTINF ${seconds}`);
    }
  });
  return { store, seen, number };
}

it('a day with a wrapping, drifting, jittering clock breaks no playlist and takes no memory', {
  timeout: 180_000,
}, () => {
  const clock = new SimClock();
  const program = new Program({
    spec: {
      eventId: 'longrun000',
      title: 'A day',
      visibility: 'public',
      latency: 'low',
      dvrSeconds: 600,
      sourceIds: ['camera0000'],
    },
    timing: { slateAfterUs: 1.5e6, interruptUs: 60e6 },
    clock,
    ticker: clock,
    slates: { clip: () => Promise.reject(new Error('no slate is due')) },
    counters: newCounters(),
    log,
  });
  const { store, seen, number: init } = origin(clock);

  let wanderUs = 0;
  program.on('started', ({ feed }) => {
    const cutter = new MuxedCutter({
      grid: GRID,
      timescale: FPS * 1000,
      frameUs: FRAME_US,
      baseUs: feed.baseUs,
      videoFromUs: 0,
      audioFromUs: 0,
      onPart: ({ bytes, ...part }) =>
        store.append(init, {
          ...part,
          bytes: bytes.subarray(0, 0),
          keyBytes: part.independent ? 1 : 0,
        }),
    });
    const cuts = new PartGrid(GRID, FRAME_US / 4);
    const segmentOf = (n: number) =>
      Math.floor(cuts.partOf(feed.baseUs + n * FRAME_US) / GRID.partsPerSegment);
    let frame: number | undefined;
    let sound: number | undefined;
    const data = new Uint8Array(4);
    const encode = (kind: 'video' | 'audio', ms: number) => {
      if (kind === 'audio') {
        const until = Math.floor(((ms + SOUND_MS) * 48) / 1024);
        sound ??= until;
        for (; sound < until; sound++) cutter.audio({ number: sound, data }, 0);
        return;
      }
      // The first samples are held back until the source's delay is known.
      if (clock.elapsedUs > SETTLED_US) {
        const offUs = Math.abs(feed.baseUs + ms * 1000 - clock.nowUs());
        wanderUs = Math.max(wanderUs, offUs);
      }
      const place = Math.round((ms * FPS) / 1000);
      frame ??= place - 1;
      for (; frame < place; ) {
        frame++;
        const key = segmentOf(frame) !== segmentOf(frame - 1);
        cutter.video({ start: frame * 1000, duration: 1000, key, data }, clock.monotonicMs());
      }
    };
    const reader = new FlvReader({
      maxBodyBytes: 1 << 20,
      onTag: ({ type, body, timestampMs }) => {
        const { kind } = parseAvTag(type, body);
        if (kind === 'video' || kind === 'audio') encode(kind, timestampMs);
      },
    });
    feed.subscribe({
      write: (bytes) => reader.push(bytes),
      backlogBytes: 0,
      end() {},
      abort() {},
    });
  });

  const source = program.source('camera0000');
  const sink = source.attach({ remoteAddress: '192.0.2.1', close() {} });
  sink.onMetadata({ framerate: FPS });
  // The encoder's clock wraps at noon, runs fast before and slow behind.
  const startMs = 2 ** 32 - (HOURS / 2) * 3_600_000;
  const stamp = (mediaMs: number) => (startMs + Math.round(mediaMs)) % 2 ** 32;
  sink.onMedia(wire.VIDEO, stamp(0), media.videoConfigBody());
  sink.onMedia(wire.AUDIO, stamp(0), media.audioConfigBody(Buffer.from('1588', 'hex')));
  const [key, delta, tone] = [
    media.videoBody(true, { bytes: 8 }),
    media.videoBody(false, { bytes: 8 }),
    media.audioBody(4),
  ];
  let seed = 1;
  const jitterUs = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % 30_000;
  };
  let wallUs = SEND_AHEAD_US;
  let soundMs = 0;
  let before: ReturnType<typeof memory> | undefined;
  const frames = HOURS * 3600 * FPS;
  for (let n = 0; n < frames; n++) {
    const mediaMs = (n * 1000) / FPS;
    const ppm = n < frames / 2 ? 200 : -200;
    wallUs += FRAME_US / (1 + ppm / 1e6);
    clock.advanceTo(wallUs + jitterUs());
    sink.onMedia(wire.VIDEO, stamp(mediaMs), n % (FPS * 2) === 0 ? key : delta);
    for (; soundMs <= mediaMs; soundMs += SOUND_MS) sink.onMedia(wire.AUDIO, stamp(soundMs), tone);
    if (n === frames / 12) before = memory();
  }
  const after = memory();
  program.close();

  expect(seen.wrong.slice(0, 5)).toEqual([]);
  expect(seen.segments).toBeGreaterThan((HOURS * 3600) / 4 - 3);
  expect(seen.playlists).toBeGreaterThan(1_400);
  // All but the window has gone by.
  expect(seen.sequence - seen.first).toBeGreaterThan(21_000);
  expect(source.health().jumps).toBe(0);
  expect(wanderUs).toBeLessThan(MAX_WANDER_US);
  expect(after.heapUsed - (before?.heapUsed ?? 0)).toBeLessThan(HEAP_GROWTH_BYTES);
  expect(after.external).toBeLessThan(BUFFER_BYTES);
});
