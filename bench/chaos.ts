import type { Browser, Page } from 'playwright-core';
import { Follower, Instance, launchBrowser, until } from '#support';
import { BarcodeSource } from './barcode-source.ts';
import type { Benchmark, BenchOptions, BenchResult } from './benchmark.ts';
import { type ShownPicture, takePictures, watchClocks } from './clock-page.ts';

/**
 * What a viewer sees when a process is killed with SIGKILL: each in turn,
 * while a browser plays at the live edge. `--only=origin,edge` for some.
 */
export const chaos: Benchmark = {
  name: 'chaos',
  summary: 'kill -9 of every process during play: standstill in the browser, and what is kept',
  run,
};

interface Victim {
  name: string;
  /** Its process in the supervisor's list; undefined for the worker that has the job. */
  process: string | undefined;
  /** Seconds for which the programme may be missing. */
  bound: number;
  /** What was recorded must be whole: no frame missing, nothing marked as a gap. */
  wholeDvr: boolean;
}

const VICTIMS: readonly Victim[] = [
  { name: 'transcode worker', process: undefined, bound: 0, wholeDvr: true },
  { name: 'ingest', process: 'ingest', bound: 6, wholeDvr: false },
  { name: 'origin', process: 'origin', bound: 5, wholeDvr: false },
  { name: 'relay', process: 'edge', bound: 3, wholeDvr: true },
  { name: 'api', process: 'api', bound: 0, wholeDvr: true },
  { name: 'redis', process: 'redis', bound: 0, wholeDvr: true },
  { name: 'database', process: 'database', bound: 0, wholeDvr: true },
];

/** Pictures come every 33 ms; a break shorter than this is none that anybody sees. */
const UNSEEN_S = 0.25;
const BEFORE_SECONDS = 6;
/** For so long after the kill the viewer is watched, and at least until the programme is well again. */
const AFTER_SECONDS = 20;
const WELL_AGAIN_SECONDS = 60;
/** OBS begins anew two seconds after it has lost the server. */
const RECONNECT_MS = 2_000;
const RENDITION = '720p';

async function run({ args }: BenchOptions): Promise<BenchResult> {
  const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
  const chosen = only?.split(',');
  const result: BenchResult = { rows: [], verdicts: [], notes: [] };
  const amphi = await Instance.start();
  const browser = await launchBrowser('chromium');
  try {
    for (const victim of VICTIMS) {
      const isChosen = chosen?.some((word) => victim.name.includes(word)) ?? true;
      if (isChosen) await kill(victim, amphi, browser, result);
    }
  } finally {
    await browser.close();
    await amphi.stop();
  }
  return result;
}

/** An encoder that connects again when it loses the server. */
class Camera {
  readonly #rtmpUrl: string;
  #source: BarcodeSource;
  #closed = false;

  constructor(rtmpUrl: string) {
    this.#rtmpUrl = rtmpUrl;
    this.#source = this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#source.close();
  }

  #connect(): BarcodeSource {
    const source = new BarcodeSource(this.#rtmpUrl);
    source.exited.then(async () => {
      await source.close();
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      if (!this.#closed) this.#source = this.#connect();
    });
    return source;
  }
}

async function kill(
  victim: Victim,
  amphi: Instance,
  browser: Browser,
  result: BenchResult,
): Promise<void> {
  const { eventId, rtmpUrl } = await amphi.createEvent({ title: `Without ${victim.name}` });
  const camera = new Camera(rtmpUrl);
  const base = `${amphi.base}/hls/${eventId}/${RENDITION}`;
  const follower = new Follower(base);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  try {
    await until('the stream', async () => (await fetch(`${base}/media.m3u8`)).ok, 60_000);
    follower.start();
    await page.goto(`${amphi.base}/watch/${eventId}`);
    await until('a picture', () => plays(page), 30_000);
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    await watchClocks(page);
    await page.waitForTimeout(BEFORE_SECONDS * 1000);
    const before = await listed(base);
    const pid = await pidOf(victim, amphi, eventId);
    const killedMs = Date.now();
    process.kill(pid, 'SIGKILL');
    await page.waitForTimeout(AFTER_SECONDS * 1000);
    const pictures = await takePictures(page);
    const recovered = await until(
      'the programme',
      async () => {
        pictures.push(...(await takePictures(page)));
        return (pictures.findLast(({ drawnMs }) => drawnMs !== undefined)?.shownMs ?? 0) >
          Date.now() - 1_000
          ? true
          : undefined;
      },
      WELL_AGAIN_SECONDS * 1000,
    ).catch(() => false);
    const after = await listed(base);
    const lost = before.filter((segment) => !after.includes(segment));
    const seams = follower.seams('picture').filter((ticks) => ticks !== 0).length;
    const isWhole = lost.length === 0 && follower.gaps === 0 && seams === 0;
    const standstill = longestBreak(pictures, killedMs);
    const missing = longestBreak(
      pictures.filter(({ drawnMs }) => drawnMs !== undefined),
      killedMs,
    );
    const reloads = (await page.evaluate(() => 'sameDocument' in window)) ? 0 : 1;
    result.rows.push({
      killed: victim.name,
      'standstill s': standstill,
      'without the programme s': missing,
      'behind live after s': Number(((await latencyOf(page)) / 1000).toFixed(2)),
      'segments lost': lost.length,
      'marked as gaps': follower.gaps,
      'seams in the DVR': seams,
      'playlist faults': follower.faults.length,
      'page errors': errors.length + reloads,
    });
    const verdict = (what: string, value: number, bound: number, unit = '') =>
      result.verdicts.push({
        what: `${victim.name}: ${what}`,
        value,
        target: `<= ${bound}${unit}`,
        met: value <= bound,
      });
    verdict('without the programme', missing, victim.bound, ' s');
    verdict('playlists that step back', follower.faults.length, 0);
    verdict('errors that need a reload', recovered ? errors.length + reloads : 1, 0);
    if (victim.wholeDvr) verdict('broken places in the DVR', isWhole ? 0 : 1, 0);
    else verdict('segments lost from the DVR', lost.length, 0);
    for (const fault of follower.faults) result.notes?.push(`${victim.name}: ${fault}`);
  } finally {
    await page.close();
    await follower.stop();
    await camera.close();
    await amphi.api('DELETE', `/api/events/${eventId}`).catch(() => {});
  }
}

/** The longest time without another picture, in seconds; 0 when nobody could see it. */
function longestBreak(pictures: readonly ShownPicture[], killedMs: number): number {
  let longest = 0;
  let lastMs = pictures[0]?.shownMs ?? killedMs;
  for (const { shownMs } of [...pictures, { shownMs: Date.now() }]) {
    if (shownMs > killedMs) longest = Math.max(longest, shownMs - lastMs);
    lastMs = shownMs;
  }
  const seconds = longest / 1000;
  return seconds < UNSEEN_S ? 0 : Number(seconds.toFixed(2));
}

/** The worker says in the log which job it has. */
async function pidOf(victim: Victim, amphi: Instance, eventId: string): Promise<number> {
  if (victim.process !== undefined) return amphi.pid(victim.process);
  const line = amphi.log.findLast(
    (entry) => entry.includes('transcoding begins') && entry.includes(`"eventId":"${eventId}"`),
  );
  const { pid } = JSON.parse(line ?? '{}') as { pid?: number };
  if (pid === undefined) throw new Error('no worker says that it has the job');
  return pid;
}

/** Whole segments of the window, by name. */
async function listed(base: string): Promise<string[]> {
  const text = await until('a playlist', async () => {
    const response = await fetch(`${base}/media.m3u8`);
    return response.ok ? response.text() : undefined;
  });
  return text.split('\n').filter((line) => /^\d+\.m4s/.test(line));
}

const plays = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const video = document.querySelector<HTMLVideoElement>('video.vjs-tech');
    return video !== null && video.videoWidth > 0 && video.currentTime > 0 && !video.paused;
  });

const latencyOf = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const stage = document.getElementById('stage') as HTMLElement & {
      playback: { follower: { latencyMs: number | undefined } };
    };
    return stage.playback.follower.latencyMs ?? Number.NaN;
  });
