import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '#base';
import type { PublicationUnit } from '#contracts';
import { until } from '#support';
import { tilesOf } from '../../ingest/stage/layout.ts';
import { Stage } from '../../ingest/stage/stage.ts';

const run = promisify(execFile);
const SECONDS = 6;
const FPS = 15;
const CANVAS = { width: 1280, height: 720 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amphi-stage-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function ffmpeg(...args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
  return (await run('ffmpeg', ['-v', 'error', '-y', ...args], options)).stdout;
}

/** A person with a picture of one colour. */
async function picturesOf(colour: string): Promise<PublicationUnit[]> {
  const ivf = await ffmpeg(
    ...['-f', 'lavfi', '-i', `color=${colour}:size=320x240:rate=${FPS}`, '-t', String(SECONDS)],
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', String(FPS)],
    ...['-f', 'ivf', 'pipe:1'],
  );
  const units: PublicationUnit[] = [];
  for (let at = 32; at < ivf.length; ) {
    const size = ivf.readUInt32LE(at);
    const payload = ivf.subarray(at + 12, at + 12 + size);
    const key = ((payload[0] ?? 1) & 1) === 0;
    const mediaUs = (units.length * 1e6) / FPS;
    units.push({ codec: 'VP8', key, mediaUs, capturedUs: undefined, payload });
    at += 12 + size;
  }
  return units;
}

/** A tone, a packet of Opus every 20 ms: one to a page of Ogg (RFC 3533). */
async function soundOf(hertz: number): Promise<PublicationUnit[]> {
  const ogg = await ffmpeg(
    ...['-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=48000`, '-t', String(SECONDS)],
    ...['-c:a', 'libopus', '-page_duration', '20000', '-f', 'ogg', 'pipe:1'],
  );
  const units: PublicationUnit[] = [];
  for (let at = 0, page = 0; at < ogg.length; page++) {
    const lacing = ogg.subarray(at + 27, at + 27 + (ogg[at + 26] ?? 0));
    const from = at + 27 + lacing.length;
    at = from + lacing.reduce((a, b) => a + b, 0);
    if (page < 2) continue;
    const mediaUs = units.length * 20_000;
    const payload = ogg.subarray(from, at);
    units.push({ codec: 'opus', key: true, mediaUs, capturedUs: undefined, payload });
  }
  return units;
}

it('shows everybody on their tile and lets all be heard, and a cast of one alone', async () => {
  const [red, blue, tone] = await Promise.all([
    picturesOf('red'),
    picturesOf('blue'),
    soundOf(440),
  ]);
  const tags: Buffer[] = [Buffer.from('464c5601050000000900000000', 'hex')];
  let lastMs = 0;
  const stage = new Stage({
    log: silentLogger,
    sink: {
      onMetadata() {},
      onEnd() {},
      onMedia(type, timeMs, body) {
        lastMs = timeMs - 10_000;
        const head = Buffer.alloc(11);
        head.writeUInt8(type, 0);
        head.writeUIntBE(body.length, 1, 3);
        head.writeUIntBE(lastMs & 0xffffff, 4, 3);
        const end = Buffer.alloc(4);
        end.writeUInt32BE(11 + body.length);
        tags.push(head, Buffer.from(body), end);
      },
    },
  });
  const people = [
    { id: 'r', name: 'Red <b>', picture: 1, sound: 3 },
    { id: 'b', name: 'Blue', picture: 2 },
    { id: 'n', name: 'Nobody There' },
  ];
  stage.setCast({ layout: 'grid', members: people });
  // Everything that is due by now, as it would come from the network.
  const beganMs = performance.now();
  const send = setInterval(() => {
    const nowUs = (performance.now() - beganMs) * 1000;
    for (const [track, units] of [
      [1, red],
      [2, blue],
      [3, tone],
    ] as const) {
      while (units[0] !== undefined && units[0].mediaUs <= nowUs) {
        stage.push(track, units.shift() as PublicationUnit);
      }
    }
  }, 10);
  try {
    // More than is looked at: a busy machine leaves out pictures, up to seconds of them.
    await until('five seconds of the stage', () => lastMs > 5_000, 30_000);
    stage.setCast({ layout: 'grid', members: people.slice(1, 2) });
    const castMs = lastMs;
    await until('two seconds with one', () => lastMs > castMs + 2_000, 30_000);
  } finally {
    clearInterval(send);
    await stage.close();
  }
  const file = join(folder, 'stage.flv');
  await writeFile(file, Buffer.concat(tags));
  const pixel = async (atSeconds: number, x: number, y: number) => {
    const rgb = await ffmpeg(
      ...['-ss', String(atSeconds), '-i', file, '-frames:v', '1', '-vf', `crop=2:2:${x}:${y}`],
      ...['-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'],
    );
    return [...rgb.subarray(0, 3)];
  };
  const middles = tilesOf('grid', 3, CANVAS).map((tile) => [
    tile.x + tile.width / 2,
    tile.y + tile.height / 4,
  ]);
  const [first = [], second = [], third = []] = middles as [number, number][];
  const at2 = await Promise.all([first, second, third].map(([x, y]) => pixel(2, x!, y!)));
  expect(at2[0]?.[0]).toBeGreaterThan(180);
  expect(at2[0]?.[2]).toBeLessThan(80);
  expect(at2[1]?.[2]).toBeGreaterThan(180);
  expect(Math.max(...(at2[2] ?? [255]))).toBeLessThan(80);
  const alone = await pixel(lastMs / 1000 - 0.5, 100, 100);
  expect(alone[2]).toBeGreaterThan(180);
  const { stderr } = await run('ffmpeg', [
    ...['-hide_banner', '-ss', '1', '-t', '1.5', '-i', file],
    ...['-af', 'volumedetect', '-vn', '-f', 'null', '-'],
  ]);
  expect(Number(stderr.match(/mean_volume: (-?[\d.]+) dB/)?.[1])).toBeGreaterThan(-35);
});
