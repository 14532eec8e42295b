import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Instance, publishArgs, until } from '#support';
import type { Benchmark } from './benchmark.ts';
import { cpuByProgram, median } from './cpu.ts';

const run = promisify(execFile);
const TARGET = 1.15;
/** The default ladder of a 720p30 source: name, height, kbit/s. */
const LADDER = [
  { height: 720, width: 1280, kbps: 2600 },
  { height: 480, width: 854, kbps: 1200 },
  { height: 360, width: 640, kbps: 700 },
  { height: 240, width: 426, kbps: 350 },
] as const;

/**
 * CPU of everything that Amphi runs for one 720p30 source, against one bare
 * ffmpeg that reads the same recording in real time and writes the same rungs,
 * sound and thumbnails as HLS files.
 */
export const transcode: Benchmark = {
  name: 'transcode',
  summary: "CPU of Amphi's whole path over the bare ffmpeg command with the same outputs",
  async run({ quick }) {
    const seconds = quick ? 15 : 40;
    const rounds = quick ? 1 : 3;
    const folder = await mkdtemp(join(tmpdir(), 'amphi-bench-'));
    const source = join(folder, 'source.flv');
    // A picture with some movement and noise, as a camera has.
    const picture = 'testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t';
    const args = publishArgs(source, { picture, seconds: seconds + 20 });
    await run(
      'ffmpeg',
      args.filter((arg) => arg !== '-re'),
    );
    const amphi = await Instance.start();
    const rows: Record<string, string | number>[] = [];
    const ratios: number[] = [];
    let where = '';
    try {
      for (let round = 1; round <= rounds; round++) {
        const byProgram = await measureAmphi(amphi, source, seconds);
        const ours = sum(byProgram);
        const bare = sum(await measureBare(source, join(folder, String(round)), seconds));
        where = shares(byProgram);
        ratios.push(ours / bare);
        rows.push({
          round,
          'Amphi, cores': Number(ours.toFixed(3)),
          'bare ffmpeg, cores': Number(bare.toFixed(3)),
          ratio: Number((ours / bare).toFixed(3)),
        });
      }
    } finally {
      await amphi.stop();
      await rm(folder, { recursive: true, force: true });
    }
    const ratio = Number(median(ratios).toFixed(3));
    return {
      rows,
      verdicts: [
        { what: 'CPU ratio, median', value: ratio, target: `<= ${TARGET}`, met: ratio <= TARGET },
      ],
      notes: [
        'Counted for Amphi: every process of it, Redis and database too, and its ffmpeg.',
        `Cores in the last round: ${where}.`,
      ],
    };
  },
};

/** Cores used over a steady stretch, all processes together. */
async function measureAmphi(amphi: Instance, source: string, seconds: number) {
  const { eventId, rtmpUrl } = await amphi.createEvent();
  const sender = spawn(
    'ffmpeg',
    ['-v', 'error', '-re', '-i', source, '-c', 'copy', '-f', 'flv', rtmpUrl],
    {
      stdio: 'ignore',
    },
  );
  try {
    await until('a whole ladder', async () => {
      const answer = await fetch(`${amphi.base}/hls/${eventId}/master.m3u8`);
      return answer.ok && (await answer.text()).includes('240p');
    });
    return await coresOf(amphi.process, seconds);
  } finally {
    await ended(sender);
    await amphi.api('DELETE', `/api/events/${eventId}`);
  }
}

async function measureBare(source: string, folder: string, seconds: number) {
  await run('mkdir', ['-p', folder]);
  const child = spawn('ffmpeg', bareArgs(source, folder), { stdio: 'ignore' });
  try {
    return await coresOf(child, seconds);
  } finally {
    await ended(child);
  }
}

/** Cores that each program of the tree uses, after a while in which it settles. */
async function coresOf(child: ChildProcess, seconds: number): Promise<Map<string, number>> {
  const pid = child.pid ?? 0;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const before = { cpu: cpuByProgram(pid), at: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const elapsed = (performance.now() - before.at) / 1_000;
  const cores = new Map<string, number>();
  for (const [name, cpu] of cpuByProgram(pid)) {
    cores.set(name, (cpu - (before.cpu.get(name) ?? 0)) / elapsed);
  }
  return cores;
}

const sum = (cores: Map<string, number>): number => [...cores.values()].reduce((a, b) => a + b, 0);

const shares = (cores: Map<string, number>): string =>
  [...cores]
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join(', ');

async function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** What somebody would type: one decode, the rungs, the sound once, thumbnails; HLS with fragmented MP4. */
function bareArgs(source: string, folder: string): string[] {
  const splits = LADDER.map((_, i) => `[s${i}]`).join('');
  const scales = LADDER.map(
    ({ width, height }, i) =>
      `[s${i}]scale=${width}:${height}:flags=fast_bilinear,format=yuv420p[v${i}]`,
  );
  const graph = [
    `[0:v]split=${LADDER.length + 1}${splits}[s]`,
    ...scales,
    '[s]fps=1/4,scale=-2:180,format=yuvj420p[t]',
  ];
  const encoders = LADDER.flatMap(({ kbps }, i) => [
    ...[
      `-c:v:${i}`,
      'libx264',
      `-b:v:${i}`,
      `${kbps}k`,
      `-maxrate:v:${i}`,
      `${Math.round(kbps * 1.1)}k`,
    ],
    ...[`-bufsize:v:${i}`, `${kbps}k`],
  ]);
  const streams = ['a:0,agroup:sound', ...LADDER.map((_, i) => `v:${i},agroup:sound`)].join(' ');
  return [
    ...['-v', 'error', '-re', '-thread_type', 'slice', '-i', source],
    ...['-filter_complex', graph.join(';')],
    ...LADDER.flatMap((_, i) => ['-map', `[v${i}]`]),
    ...['-map', '0:a', ...encoders],
    ...['-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high', '-threads', '1'],
    ...['-g', '60', '-bf', '0', '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '128k'],
    ...['-f', 'hls', '-hls_time', '2', '-hls_segment_type', 'fmp4', '-hls_list_size', '10'],
    ...['-hls_flags', 'delete_segments', '-var_stream_map', streams],
    ...['-hls_segment_filename', join(folder, '%v-%d.m4s'), join(folder, '%v.m3u8')],
    ...['-map', '[t]', '-c:v', 'mjpeg', '-q:v', '6', '-f', 'image2', join(folder, 'thumb-%d.jpg')],
  ];
}
