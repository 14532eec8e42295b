import type { Browser } from 'playwright-core';
import type { CreatedMeeting } from '#contracts';
import { freePorts, Instance, LossyRelay, launchBrowser } from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { Guest, type Heard, type PictureSize } from './room-latency/guest.ts';
import { JOIN_STEPS, type JoinMarks, type JoinStep } from './room-latency/in-page.ts';

/**
 * How long things take in a room over the call server, by its own page in
 * Chromium: from the click on Join to somebody's picture, from a camera to
 * another one's screen, from a microphone to another one's ear; and how long the
 * sound is missing where packets get lost. `--joins=24`, `--seconds=40`,
 * `--picture=medium` (large, small), `--only=join,delay,lossy`.
 */
export const roomLatency: Benchmark = {
  name: 'room-latency',
  summary:
    'a room in Chromium: join to first picture, glass to glass, mouth to ear, gaps on a lossy way',
  run,
};

const PARTS = ['join', 'delay', 'lossy'] as const;
const JOIN_P95_MS = 1_000;
const GLASS_P95_MS = 120;
const EAR_MS = 150;
const LONGEST_GAP_MS = 200;
/** Each way: a round trip of 100 ms, one packet in twenty lost. */
const LOSSY = { delayMs: 50, loss: 0.05 };
/** What jitter buffers and estimates take to settle. */
const SETTLE_MS = 8_000;
const READ_EVERY = 2;
/** Joins come at any time between two key frames. */
const BETWEEN_JOINS_MS = 370;
const SPEAKER = 'Ada';
const LISTENER = 'Grace';

interface Scene {
  browser: Browser;
  amphi: Instance;
  seconds: number;
  joins: number;
  picture: PictureSize;
  result: BenchResult;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const only = optionOf(options, 'only')?.split(',') ?? PARTS;
  const [port = 0, relayPort = 0] = await freePorts(2);
  const amphi = await Instance.start({
    env: { AMPHI_MEDIA_PORT: String(port), AMPHI_MEDIA_WORKERS: '1' },
  });
  const browser = await launchBrowser('chromium', { fakeDevices: true });
  const scene: Scene = {
    browser,
    amphi,
    seconds: Number(optionOf(options, 'seconds') ?? (options.quick ? 12 : 40)),
    joins: Number(optionOf(options, 'joins') ?? (options.quick ? 6 : 24)),
    picture: (optionOf(options, 'picture') ?? 'medium') as PictureSize,
    result: { rows: [], verdicts: [], notes: [] },
  };
  try {
    if (only.includes('delay') || only.includes('join')) await clean(scene, only);
    if (only.includes('lossy')) {
      const relay = await LossyRelay.start({ port: relayPort, target: port, ...LOSSY });
      try {
        await lossy(scene, relayPort);
      } finally {
        relay.close();
      }
    }
  } finally {
    await browser.close();
    await amphi.stop();
  }
  const { result } = scene;
  result.notes?.push(
    `cameras: ${scene.picture}, simulcast, VP8; the listener’s and newcomers’ small`,
  );
  return result;
}

/** A room whose media goes over the call server from the first one on. */
async function makeRoom({ amphi }: Scene) {
  const { meetingId, hostToken } = await amphi.api<CreatedMeeting>('POST', '/api/meetings', {
    title: 'Rehearsal',
    settings: { route: 'callserver' },
  });
  return { url: `${amphi.base}/room/${meetingId}`, hostToken };
}

/** Two people in a new room, who see and hear each other. */
async function gather(scene: Scene, port?: number) {
  const { browser, picture } = scene;
  const { url, hostToken } = await makeRoom(scene);
  const speaker = await Guest.join(browser, url, { name: SPEAKER, picture, hostToken, port });
  const listener = await Guest.join(browser, url, { name: LISTENER, picture: 'small', port });
  await Promise.all([speaker.receives(LISTENER), listener.receives(SPEAKER)]);
  return { url, speaker, listener };
}

async function clean(scene: Scene, only: readonly string[]): Promise<void> {
  const { result } = scene;
  const { url, speaker, listener } = await gather(scene);
  if (only.includes('delay')) {
    const { glass, ear, heard } = await follow(scene, speaker, listener);
    row(result, 'glass to glass', glass);
    row(result, 'mouth to decoder', ear);
    const toEar = ear.map((ms) => ms + heard.playoutMs);
    row(result, 'mouth to ear', toEar);
    noteOf(result, 'on loopback', heard);
    verdict(result, 'glass to glass p95', quantile(glass, 0.95), GLASS_P95_MS);
    verdict(result, 'mouth to ear p95', quantile(toEar, 0.95), EAR_MS);
  }
  if (only.includes('join')) {
    const all = await joinAgain(scene, url);
    const of = (step: JoinStep) => all.flatMap((marks) => marks[step] ?? []);
    for (const [step, what] of Object.entries(JOIN_STEPS)) {
      if (step !== 'clicked') row(result, `join: ${what}`, of(step as JoinStep));
    }
    const p95 = quantile(of('picture'), 0.95);
    verdict(result, 'join click to first remote picture p95', p95, JOIN_P95_MS);
  }
  await Promise.all([speaker.leave(), listener.leave()]);
}

/** Somebody who comes and goes, with a page that is loaded anew each time. */
async function joinAgain({ browser, joins }: Scene, url: string): Promise<JoinMarks[]> {
  const found: JoinMarks[] = [];
  const guest = await Guest.open(browser, url, { name: 'Alan', picture: 'small' });
  for (let i = 0; i < joins; i++) {
    if (i > 0) await guest.again();
    await guest.page.waitForTimeout((i * BETWEEN_JOINS_MS) % 1_000);
    await guest.join();
    found.push(await guest.marks());
  }
  await guest.leave();
  return found;
}

/** Watches and hears one person for a while. */
async function follow(scene: Scene, speaker: Guest, listener: Guest) {
  const { page } = listener;
  await page.waitForTimeout(SETTLE_MS);
  await speaker.said();
  await listener.watch(SPEAKER, READ_EVERY);
  await listener.listen(SPEAKER);
  await page.waitForTimeout(scene.seconds * 1_000);
  const [pictures, heard, said] = [
    await listener.seen(),
    await listener.heard(),
    await speaker.said(),
  ];
  const glass = pictures.flatMap(({ shownMs, drawnMs }) =>
    drawnMs === undefined ? [] : [shownMs - drawnMs],
  );
  if (glass.length < pictures.length * 0.9 || glass.length === 0) {
    throw new Error(`only ${glass.length} of ${pictures.length} clocks could be read`);
  }
  const ear = delaysOf(said, heard.bursts);
  if (ear.length < said.length * 0.6) {
    throw new Error(`only ${ear.length} of ${said.length} bursts were heard`);
  }
  return { glass, ear, heard };
}

/** Each burst that came is of the last one that was made before it. */
function delaysOf(said: readonly number[], heard: readonly number[]): number[] {
  const delays: number[] = [];
  const taken = new Set<number>();
  for (const at of heard) {
    const from = said.findLast((one) => one <= at);
    if (from === undefined || taken.has(from)) continue;
    taken.add(from);
    delays.push(at - from);
  }
  return delays;
}

async function lossy(scene: Scene, port: number): Promise<void> {
  const { result } = scene;
  const { speaker, listener } = await gather(scene, port);
  const { glass, ear, heard } = await follow(scene, speaker, listener);
  row(result, 'lossy: glass to glass', glass);
  row(
    result,
    'lossy: mouth to ear',
    ear.map((ms) => ms + heard.playoutMs),
  );
  row(result, 'lossy: longest silence', [heard.longestSilenceMs]);
  row(result, 'lossy: longest sound that was made up', [heard.longestConcealedMs]);
  noteOf(result, 'on the lossy way', heard);
  const gap = Math.max(heard.longestSilenceMs, heard.longestConcealedMs);
  verdict(result, 'lossy: longest gap in the sound', gap, LONGEST_GAP_MS);
  await Promise.all([speaker.leave(), listener.leave()]);
}

function row({ rows }: BenchResult, what: string, values: readonly number[]): void {
  rows.push({
    what,
    samples: values.length,
    'p50 ms': Math.round(quantile(values, 0.5)),
    'p95 ms': Math.round(quantile(values, 0.95)),
    'max ms': Math.round(Math.max(...values)),
  });
}

function noteOf({ notes }: BenchResult, where: string, heard: Heard): void {
  const { bufferMs, playoutMs, concealedShare, longestSilenceMs, longestConcealedMs } = heard;
  notes?.push(
    `sound ${where}: ${Math.round(bufferMs)} ms in the jitter buffer, ${Math.round(playoutMs)} ms to the loudspeaker, ` +
      `${(concealedShare * 100).toFixed(2)} % made up, longest ${Math.round(longestConcealedMs)} ms, silence ${Math.round(longestSilenceMs)} ms`,
  );
}

function verdict({ verdicts }: BenchResult, what: string, value: number, bound: number): void {
  verdicts.push({ what, value: Math.round(value), target: `<= ${bound} ms`, met: value <= bound });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
