import type { Browser, Page } from 'playwright-core';
import {
  type BrowserName,
  Instance,
  launchBrowser,
  ObsStudio,
  Publisher,
  residentBytesOf,
  until,
} from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { median } from './cpu.ts';

/**
 * A long evening: one stream with the default ladder, watched in a browser all
 * the time. Counts stalls and watches the memory of every process.
 * `--minutes=30`, `--source=obs` for a real OBS Studio, `--height=720`,
 * `--browsers=chromium,firefox`.
 */
export const soak: Benchmark = {
  name: 'soak',
  summary: 'stalls in the browser and memory of every process over 30 minutes',
  run,
};

const SAMPLE_EVERY_MS = 10_000;
/** Caches and heaps fill up at first. */
const WARM_UP_SHARE = 1 / 3;
/** What a process may grow by from the second third to the last, in MiB, and as a share. */
const GROWTH_MIB = 16;
const GROWTH_SHARE = 0.1;

async function run(options: BenchOptions): Promise<BenchResult> {
  const minutes = Number(optionOf(options, 'minutes') ?? (options.quick ? 5 : 30));
  const browsers = (optionOf(options, 'browsers') ?? 'chromium').split(',') as BrowserName[];
  const amphi = await Instance.start();
  const opened: Browser[] = [];
  const { eventId, rtmpUrl, source } = await amphi.createEvent({ title: 'A long evening' });
  const encoder = await startEncoder(options, { amphi, rtmpUrl, streamKey: source.streamKey });
  try {
    const master = `${amphi.base}/hls/${eventId}/master.m3u8`;
    await until('the stream', async () => (await fetch(master)).ok, 60_000);
    const watched: { name: BrowserName; page: Page }[] = [];
    for (const name of browsers) {
      const browser = await launchBrowser(name);
      opened.push(browser);
      watched.push({ name, page: await watch(browser, `${amphi.base}/watch/${eventId}`) });
    }
    const memory = new Map<string, number[]>();
    const rungs = new Map<string, Set<number>>();
    const latencies = new Map<string, number[]>();
    const endAt = performance.now() + minutes * 60_000;
    while (performance.now() < endAt) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
      for (const { name, pid } of await amphi.processes()) {
        if (pid === undefined) continue;
        memory.set(name, [...(memory.get(name) ?? []), residentBytesOf(pid) / 2 ** 20]);
      }
      for (const { name, page } of watched) {
        const { latencyMs, height } = await stateOf(page);
        latencies.set(name, [...(latencies.get(name) ?? []), latencyMs ?? Number.NaN]);
        rungs.set(name, (rungs.get(name) ?? new Set()).add(height));
      }
      const shot = optionOf(options, 'screenshots');
      if (shot !== undefined)
        for (const { name, page } of watched)
          await page.screenshot({ path: `${shot}/${name}.png` });
    }
    const result: BenchResult = { rows: [], verdicts: [], notes: [] };
    for (const { name, page } of watched) {
      const { stalls, stalledMs, dropped, time } = await stateOf(page);
      const delays = latencies.get(name) ?? [];
      result.notes?.push(
        `${name}: ${Math.round(time)} s played, ${stalls} stalls (${stalledMs} ms), ${dropped} frames dropped, delay median ${Math.round(median(delays))} ms, heights ${[...(rungs.get(name) ?? [])].join(', ')}`,
      );
      result.verdicts.push({
        what: `${name}: stalls`,
        value: stalls,
        target: '0',
        met: stalls === 0,
      });
    }
    for (const [name, values] of memory) addMemory(result, name, values);
    return result;
  } finally {
    await encoder.stop();
    for (const browser of opened) await browser.close();
    await amphi.stop();
  }
}

async function startEncoder(
  options: BenchOptions,
  to: { amphi: Instance; rtmpUrl: string; streamKey: string },
): Promise<{ stop(): Promise<void> }> {
  const height = Number(optionOf(options, 'height') ?? 720);
  if (optionOf(options, 'source') === 'obs') {
    return ObsStudio.start(`rtmp://127.0.0.1:${to.amphi.rtmpPort}/live`, to.streamKey, height);
  }
  const width = Math.round((height * 8) / 9) * 2;
  const publisher = new Publisher(to.rtmpUrl, { size: `${width}x${height}` });
  return { stop: () => publisher.kill() };
}

function addMemory(result: BenchResult, name: string, values: readonly number[]): void {
  const third = Math.floor(values.length * WARM_UP_SHARE);
  const [middle, late] = [median(values.slice(third, 2 * third)), median(values.slice(2 * third))];
  const growth = late - middle;
  result.rows.push({
    process: name,
    'MiB at first': Math.round(values[0] ?? 0),
    'second third': Math.round(middle),
    'last third': Math.round(late),
    peak: Math.round(Math.max(...values)),
  });
  result.verdicts.push({
    what: `${name}: growth of memory`,
    value: Math.round(growth * 10) / 10,
    target: `<= ${GROWTH_MIB} MiB or ${GROWTH_SHARE * 100} %`,
    met: growth <= Math.max(GROWTH_MIB, middle * GROWTH_SHARE),
  });
}

interface Watched {
  stalls: { count: number; ms: number; since: number | undefined };
}

async function watch(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  await page.waitForFunction(() => {
    const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
    return video !== null && video.currentTime > 0 && video.videoHeight > 0 && !video.paused;
  });
  await page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
    const stalls: Watched['stalls'] = { count: 0, ms: 0, since: undefined };
    Object.assign(window, { watched: { stalls } });
    video?.addEventListener('waiting', () => {
      if (video.seeking) return;
      stalls.count++;
      stalls.since = performance.now();
    });
    video?.addEventListener('playing', () => {
      if (stalls.since !== undefined) stalls.ms += performance.now() - stalls.since;
      stalls.since = undefined;
    });
  });
  return page;
}

function stateOf(page: Page) {
  return page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
    const { stalls } = (window as unknown as { watched: Watched }).watched;
    const stage = document.getElementById('stage') as unknown as {
      playback: { follower: { latencyMs: number | undefined } };
    };
    return {
      stalls: stalls.count,
      stalledMs: Math.round(stalls.ms),
      dropped: video?.getVideoPlaybackQuality().droppedVideoFrames ?? 0,
      height: video?.videoHeight ?? 0,
      time: video?.currentTime ?? 0,
      latencyMs: stage.playback.follower.latencyMs,
    };
  });
}
