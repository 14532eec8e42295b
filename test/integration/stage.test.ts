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
const SECONDS = 12;
/** FLV's type of a tag. */
const VIDEO = 9;
const ENOUGH = 30;
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

/** Red, green and blue. */
type Colour = readonly number[];
const isRed = ([red = 0, , blue = 255]: Colour = []) => red > 180 && blue < 80;
const isBlue = ([red = 255, , blue = 0]: Colour = []) => blue > 180 && red < 80;
const isDark = (colour: Colour = [255]) => Math.max(...colour) < 80;

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
  let [lastMs, pictures] = [0, 0];
  const stage = new Stage({
    log: silentLogger,
    sink: {
      onMetadata() {},
      onEnd() {},
      onMedia(type, timeMs, body) {
        lastMs = timeMs - 10_000;
        if (type === VIDEO) pictures++;
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
  let castMs = 0;
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
    await until('pictures of the stage', () => pictures > ENOUGH && lastMs > 2_000, 40_000);
    stage.setCast({ layout: 'grid', members: people.slice(1, 2) });
    castMs = lastMs;
    pictures = 0;
    await until('pictures of one', () => pictures > ENOUGH, 40_000);
  } finally {
    clearInterval(send);
    await stage.close();
  }
  const file = join(folder, 'stage.flv');
  await writeFile(file, Buffer.concat(tags));
  /** The colour at this place in each picture. */
  const coloursAt = async (x: number, y: number): Promise<Colour[]> => {
    const rgb = await ffmpeg(
      ...['-i', file, '-vf', `crop=2:2:${x}:${y},scale=1:1`, '-fps_mode', 'passthrough'],
      ...['-an', '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'],
    );
    return Array.from({ length: rgb.length / 3 }, (_, i) => [...rgb.subarray(3 * i, 3 * i + 3)]);
  };
  const middles = tilesOf('grid', 3, CANVAS).map((tile) => [
    tile.x + tile.width / 2,
    tile.y + tile.height / 4,
  ]);
  const places = [...middles, [100, 100]] as [number, number][];
  const [first = [], second = [], third = [], corner = []] = await Promise.all(
    places.map(([x, y]) => coloursAt(x, y)),
  );
  const all = first.findIndex(
    (colour, i) => isRed(colour) && isBlue(second[i]) && isDark(third[i]) && isRed(corner[i]),
  );
  expect(all).toBeGreaterThanOrEqual(0);
  expect(corner.findLastIndex(isBlue)).toBeGreaterThan(all);
  const { stderr } = await run('ffmpeg', [
    ...['-hide_banner', '-t', String(castMs / 1_000), '-i', file],
    ...['-af', 'volumedetect', '-vn', '-f', 'null', '-'],
  ]);
  expect(Number(stderr.match(/mean_volume: (-?[\d.]+) dB/)?.[1])).toBeGreaterThan(-35);
});
