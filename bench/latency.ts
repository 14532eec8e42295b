import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { DelayProxy, Instance, launchBrowser, until } from '#support';
import { BarcodeCamera } from './barcode-camera.ts';
import { BarcodeSource } from './barcode-source.ts';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { takePictures, watchClocks } from './clock-page.ts';

/**
 * Glass to glass: a clock burnt into the picture before the encoder, read back
 * off the video element in a real browser, at the moment it is shown. And from
 * opening the page to its first picture.
 */
export const latency: Benchmark = {
  name: 'latency',
  summary: 'glass-to-glass delay and time to first picture, 720p30, default ladder, Chromium',
  run,
};

interface Way {
  name: string;
  /** Added round trip between browser and server. */
  rttMs: number;
  targets: { p50: number; p95: number } | undefined;
}

const WAYS: readonly Way[] = [
  { name: 'loopback', rttMs: 0, targets: { p50: 0.9, p95: 1.2 } },
  { name: 'one relay, RTT 50 ms', rttMs: 50, targets: undefined },
];
const FIRST_PICTURE_P95_S = 0.7;
/** Left out at the beginning, while the controller settles. */
const SETTLE_SECONDS = 10;
/** Reading every picture would take a core from those who show it. */
const READ_EVERY = 3;
const CLUSTER_SECRET = 'secret-of-the-latency-benchmark-0123456789';

async function run(options: BenchOptions): Promise<BenchResult> {
  const seconds = numberOption(options, 'seconds') ?? (options.quick ? 60 : 300);
  const loads = numberOption(options, 'loads') ?? (options.quick ? 10 : 24);
  const only = optionOf(options, 'way');
  const result: BenchResult = { rows: [], verdicts: [], notes: [] };
  const amphi = await Instance.start({ env: { AMPHI_CLUSTER_SECRET: CLUSTER_SECRET } });
  const browser = await launchBrowser('chromium');
  const {
    eventId,
    rtmpUrl,
    source: made,
  } = await amphi.createEvent({
    title: 'Latency benchmark',
  });
  const by = optionOf(options, 'source') ?? 'rtmp';
  const source = await sourceOf(by, browser, amphi, {
    rtmpUrl,
    whipUrl: `${amphi.base}/whip/${eventId}`,
    streamKey: made.streamKey,
  });
  try {
    await until(
      'the stream to be on air',
      async () => {
        const response = await fetch(`${amphi.base}/hls/${eventId}/master.m3u8`);
        return response.ok;
      },
      30_000,
    );
    // The ladder's first segments are there, and start-up work is over.
    await until(
      'some segments',
      async () => {
        const text = await (await fetch(`${amphi.base}/hls/${eventId}/720p/media.m3u8`)).text();
        return (text.match(/#EXTINF/g) ?? []).length >= 5;
      },
      30_000,
    );
    for (const way of WAYS) {
      if (only !== undefined && !way.name.includes(only)) continue;
      const path = `/watch/${eventId}`;
      await using road = await roadOf(way, amphi);
      const url = `http://127.0.0.1:${road.port}${path}`;
      await measure(browser, url, way, { seconds, loads }, result, options);
    }
    if (by !== 'rtmp') result.notes?.push(`published by WHIP from Chromium, ${by}`);
    if (source.late > 0) result.notes?.push(`the source was late with ${source.late} frames`);
  } finally {
    await source.close();
    await browser.close();
    await amphi.stop();
  }
  return result;
}

/** What is published: by RTMP, or by WHIP in the codec that is named (H264, VP8, VP9). */
async function sourceOf(
  by: string,
  browser: Browser,
  amphi: Instance,
  target: { rtmpUrl: string; whipUrl: string; streamKey: string },
): Promise<{ late: number; close(): Promise<void> }> {
  if (by === 'rtmp') return new BarcodeSource(target.rtmpUrl);
  const camera = await BarcodeCamera.publish(browser, { ...target, base: amphi.base, codec: by });
  return { late: 0, close: () => camera.close() };
}

function numberOption(options: BenchOptions, name: string): number | undefined {
  const text = optionOf(options, name);
  return text === undefined ? undefined : Number(text);
}

/** The port to watch through: the server's own, or that of a long way to a relay in front of it. */
async function roadOf(way: Way, amphi: Instance) {
  if (way.rttMs === 0) return { port: amphi.httpPort, [Symbol.asyncDispose]: async () => {} };
  const relay = await Instance.start({
    env: {
      AMPHI_ROLES: 'edge',
      AMPHI_EDGE_UPSTREAM: amphi.base,
      AMPHI_CLUSTER_SECRET: CLUSTER_SECRET,
    },
  });
  const proxy = await DelayProxy.open(relay.httpPort, way.rttMs / 2);
  return {
    port: proxy.port,
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      await relay.stop();
    },
  };
}

async function measure(
  browser: Browser,
  url: string,
  way: Way,
  { seconds, loads }: { seconds: number; loads: number },
  result: BenchResult,
  options: BenchOptions,
): Promise<void> {
  const glass = await measureGlass(browser, url, seconds, options);
  const opened = await measureLoads(browser, url, loads);
  const first = opened.map(({ picture }) => picture);
  const player = opened.map((load) => load.player);
  const [p50, p95] = [quantile(glass.latencies, 0.5), quantile(glass.latencies, 0.95)];
  const [firstP50, firstP95] = [quantile(first, 0.5), quantile(first, 0.95)];
  result.rows.push({
    way: way.name,
    seconds,
    samples: glass.latencies.length,
    'p50 s': round(p50),
    'p95 s': round(p95),
    'max s': round(Math.max(...glass.latencies)),
    stalls: glass.stalls,
    rung: glass.height,
    'dropped frames': glass.dropped,
    'player’s target s': round(glass.targetMs / 1000),
    loads,
    'first picture p50 s': round(firstP50),
    'p95 s (first)': round(firstP95),
    'player p50 s': round(quantile(player, 0.5)),
    'p95 s (player)': round(quantile(player, 0.95)),
  });
  const verdict = (what: string, value: number, bound: number, unit: string) =>
    result.verdicts.push({
      what: `${way.name}: ${what}`,
      value: round(value),
      target: `<= ${bound}${unit}`,
      met: value <= bound,
    });
  if (way.targets !== undefined) {
    verdict('glass to glass p50', p50, way.targets.p50, ' s');
    verdict('glass to glass p95', p95, way.targets.p95, ' s');
    verdict('first picture p95', firstP95, FIRST_PICTURE_P95_S, ' s');
  }
  verdict('stalls', glass.stalls, 0, '');
}

interface Glass {
  latencies: number[];
  stalls: number;
  dropped: number;
  height: number;
  /** How far behind the programme's clock the player wanted to be at the end. */
  targetMs: number;
}

async function measureGlass(
  browser: Browser,
  url: string,
  seconds: number,
  options: BenchOptions,
): Promise<Glass> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    await page.goto(url);
    await page.waitForFunction(
      () => (document.querySelector<HTMLVideoElement>('video.vjs-tech')?.videoWidth ?? 0) > 0,
    );
    await page.waitForTimeout(SETTLE_SECONDS * 1000);
    const before = await countersOf(page);
    await watchClocks(page, READ_EVERY);
    await page.waitForTimeout(seconds * 1000);
    const readings = await takePictures(page);
    const after = await countersOf(page);
    const latencies = readings.flatMap(({ shownMs, drawnMs }) =>
      drawnMs === undefined ? [] : [(shownMs - drawnMs) / 1000],
    );
    if (latencies.length < readings.length * 0.9) {
      throw new Error(`only ${latencies.length} of ${readings.length} clocks could be read`);
    }
    const shot = optionOf(options, 'screenshot');
    if (shot !== undefined) writeFileSync(shot, await page.screenshot());
    return {
      latencies,
      stalls: after.stalls - before.stalls,
      dropped: after.dropped - before.dropped,
      height: after.height,
      targetMs: after.targetMs,
    };
  } finally {
    await page.close();
  }
}

/** Stalls as the media element tells them: it wants to play and has nothing. */
function countersOf(page: Page) {
  return page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
    if (video === null) throw new Error('no video');
    const stage = document.getElementById('stage') as HTMLElement & {
      playback: { follower: { targetMs: number } };
    };
    const state = window as unknown as { stallsSeen?: { count: number } };
    if (state.stallsSeen === undefined) {
      const seen = { count: 0 };
      state.stallsSeen = seen;
      video.addEventListener('waiting', () => {
        if (!video.seeking) seen.count++;
      });
    }
    return {
      stalls: state.stallsSeen.count,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      height: video.videoHeight,
      targetMs: stage.playback.follower.targetMs,
    };
  });
}

interface Load {
  /** Seconds from opening the page to its first picture … */
  picture: number;
  /** … and to the player's own, with sound. */
  player: number;
}

/** Opens the page again and again, each time with an empty cache. */
async function measureLoads(browser: Browser, url: string, loads: number): Promise<Load[]> {
  const found: Load[] = [];
  for (let i = 0; i < loads; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const known = new Set<HTMLVideoElement>();
      const times: { picture?: number; player?: number } = {};
      Object.assign(window, { firstPictures: times });
      new MutationObserver(() => {
        for (const video of document.querySelectorAll('video')) {
          if (known.has(video)) continue;
          known.add(video);
          video.requestVideoFrameCallback((_now, { presentationTime }) => {
            times.picture ??= presentationTime / 1000;
            if (video.classList.contains('vjs-tech')) times.player = presentationTime / 1000;
          });
        }
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(url);
    const times = await page.waitForFunction(() => {
      const { firstPictures } = window as unknown as { firstPictures: Partial<Load> };
      return firstPictures.player === undefined ? undefined : firstPictures;
    });
    found.push((await times.jsonValue()) as Load);
    await context.close();
  }
  return found;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
