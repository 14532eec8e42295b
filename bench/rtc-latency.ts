import type { Browser } from 'playwright-core';
import { Instance, launchBrowser, until } from '#support';
import { BarcodeCamera } from './barcode-camera.ts';
import { BarcodeSource } from './barcode-source.ts';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { takePictures, watchClocks } from './clock-page.ts';
import { RtcViewer } from './rtc-viewer.ts';

/**
 * Glass to glass by WebRTC: a clock burnt into the picture before the encoder,
 * read back off a video element in a real browser when it is shown; and from
 * the offer to the first picture.
 */
export const rtcLatency: Benchmark = {
  name: 'rtc-latency',
  summary:
    'glass-to-glass delay of WHEP, and from the offer to the first picture, 720p30, Chromium',
  run,
};

interface Way {
  name: string;
  by: 'rtmp' | 'whip';
  /** Browsers hold the picture back for the sound that belongs to it. */
  sound: boolean;
  targets: { p50: number; p95: number | undefined } | undefined;
}

const WAYS: readonly Way[] = [
  { name: 'RTMP to WHEP', by: 'rtmp', sound: true, targets: { p50: 350, p95: undefined } },
  { name: 'WHIP to WHEP', by: 'whip', sound: true, targets: { p50: 60, p95: 120 } },
  { name: 'WHIP to WHEP, picture alone', by: 'whip', sound: false, targets: undefined },
];
const JOIN_P95_MS = 600;
/** What the browser's buffer and the estimate of the path take to settle. */
const SETTLE_MS = 8_000;
/** Reading every picture would take a core from those who show it. */
const READ_EVERY = 3;
/** Joins come at any time between two key frames. */
const BETWEEN_JOINS_MS = 370;

async function run(options: BenchOptions): Promise<BenchResult> {
  const seconds = Number(optionOf(options, 'seconds') ?? (options.quick ? 15 : 60));
  const joins = Number(optionOf(options, 'joins') ?? (options.quick ? 8 : 24));
  const ladder = (optionOf(options, 'ladder') ?? '720p,360p').split(',');
  const codec = optionOf(options, 'codec') ?? 'VP8';
  const only = optionOf(options, 'way');
  const result: BenchResult = { rows: [], verdicts: [], notes: [] };
  const amphi = await Instance.start();
  const browser = await launchBrowser('chromium');
  try {
    for (const way of WAYS) {
      if (only !== undefined && !way.name.startsWith(only)) continue;
      const { eventId, rtmpUrl, source } = await amphi.createEvent({ latency: 'ultra', ladder });
      const camera =
        way.by === 'rtmp'
          ? new BarcodeSource(rtmpUrl)
          : await BarcodeCamera.publish(browser, {
              base: amphi.base,
              whipUrl: `${amphi.base}/whip/${eventId}`,
              streamKey: source.streamKey,
              codec,
            });
      try {
        await measure(way, browser, amphi, eventId, { seconds, joins }, result);
        if (camera instanceof BarcodeSource && camera.late > 0) {
          result.notes?.push(`the source was late with ${camera.late} frames`);
        }
      } finally {
        await camera.close();
        await amphi.api('PATCH', `/api/events/${eventId}`, { status: 'ended' });
      }
    }
  } finally {
    await browser.close();
    await amphi.stop();
  }
  result.notes?.push(`ladder ${ladder.join(', ')}; by WHIP from Chromium in ${codec}`);
  return result;
}

async function measure(
  way: Way,
  browser: Browser,
  amphi: Instance,
  eventId: string,
  { seconds, joins }: { seconds: number; joins: number },
  result: BenchResult,
): Promise<void> {
  const whepUrl = `${amphi.base}/whep/${eventId}`;
  const viewer = await RtcViewer.open(browser, amphi.base);
  try {
    await until('something to watch', () => viewer.join(whepUrl, way), 30_000, 500);
    await viewer.page.waitForTimeout(SETTLE_MS);
    await watchClocks(viewer.page, READ_EVERY);
    await viewer.page.waitForTimeout(seconds * 1_000);
    const readings = await takePictures(viewer.page);
    const told = await viewer.toldMs();
    const [picture, sound] = [await viewer.bufferMs('video'), await viewer.bufferMs('audio')];
    const delays = readings.flatMap(({ shownMs, drawnMs }) =>
      drawnMs === undefined ? [] : [shownMs - drawnMs],
    );
    if (delays.length < readings.length * 0.9 || delays.length === 0) {
      throw new Error(`only ${delays.length} of ${readings.length} clocks could be read`);
    }
    await viewer.leave();
    const firsts: number[] = [];
    for (let i = 0; i < joins; i++) {
      await viewer.page.waitForTimeout(BETWEEN_JOINS_MS);
      firsts.push(await viewer.join(whepUrl, way));
      await viewer.leave();
    }
    const [p50, p95] = [quantile(delays, 0.5), quantile(delays, 0.95)];
    const joinP95 = quantile(firsts, 0.95);
    result.rows.push({
      way: way.name,
      samples: delays.length,
      'p50 ms': Math.round(p50),
      'p95 ms': Math.round(p95),
      'max ms': Math.round(Math.max(...delays)),
      'told ms': Math.round(told ?? Number.NaN),
      'buffer ms': Math.round(picture),
      'sound’s buffer ms': Math.round(sound),
      joins,
      'join p50 ms': Math.round(quantile(firsts, 0.5)),
      'join p95 ms': Math.round(joinP95),
    });
    const verdict = (what: string, value: number, bound: number) =>
      result.verdicts.push({
        what: `${way.name}: ${what}`,
        value: Math.round(value),
        target: `<= ${bound} ms`,
        met: value <= bound,
      });
    if (way.targets === undefined) return;
    verdict('glass to glass p50', p50, way.targets.p50);
    if (way.targets.p95 !== undefined) verdict('glass to glass p95', p95, way.targets.p95);
    verdict('join to first picture p95', joinP95, JOIN_P95_MS);
  } finally {
    await viewer.close();
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
