import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay } from '#base';
import { cpuSecondsOf } from '#platform';
import { encodeFlv, freePorts, Instance, Replay, RtmpClient, until } from '#support';
import type { Benchmark, BenchOptions, BenchResult } from './benchmark.ts';

const PUBLISHERS = 20;
const FILE_SECONDS = 10;
const VIDEO_KBPS = 2_400;
/** The just-in-time compiler and the collector settle; nginx has neither. */
const WARM_UP_MS = 15_000;
const ROUNDS = 2;
const TARGET = 2;

/** A server under test: where to publish, and which processes are counted. */
interface Contender {
  name: string;
  port: number;
  keys: string[];
  pids: () => Promise<number[]>;
  close: () => Promise<unknown>;
}

/** CPU of taking in publishers, against nginx with its RTMP module. Nothing is transcoded. */
export const ingest: Benchmark = {
  name: 'ingest',
  summary: `CPU a publisher of our ingest over nginx-rtmp, ${PUBLISHERS} publishers at 2.5 Mbit/s`,
  run,
};

async function run(options: BenchOptions): Promise<BenchResult> {
  const windowMs = options.quick ? 6_000 : 20_000;
  const tags = await encodeFlv({
    size: '1280x720',
    fps: 30,
    videoKbps: VIDEO_KBPS,
    seconds: FILE_SECONDS,
    extra: ['-x264-params', 'nal-hrd=cbr'],
  });
  const bytes = tags.reduce((sum, tag) => sum + tag.body.length, 0);
  const contenders = [await startNginx(), await startAmphi()];
  const used = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  try {
    // In turns, so that whatever else the machine does falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of contenders) {
        used.get(contender.name)?.push(await measure(contender, tags, windowMs));
      }
    }
  } finally {
    for (const contender of contenders) await contender.close();
  }
  const mean = (name: string) => {
    const values = used.get(name) ?? [];
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const ratio = mean('amphi') / mean('nginx-rtmp');
  return {
    rows: contenders.map(({ name }) => ({
      server: name,
      publishers: PUBLISHERS,
      'Mbit/s each': Number(((bytes * 8) / FILE_SECONDS / 1e6).toFixed(2)),
      'CPU ms/s a publisher': Number(mean(name).toFixed(3)),
      rounds: (used.get(name) ?? []).map((value) => value.toFixed(3)).join(', '),
    })),
    verdicts: [
      {
        what: 'CPU a publisher over nginx-rtmp',
        value: Number(ratio.toFixed(2)),
        target: `<= ${TARGET}`,
        met: ratio <= TARGET,
      },
    ],
    notes: ['The senders replay one file and are not counted; no transcoder runs.'],
  };
}

/** CPU milliseconds a second and publisher. */
async function measure(
  contender: Contender,
  tags: Awaited<ReturnType<typeof encodeFlv>>,
  windowMs: number,
): Promise<number> {
  const publishers: { client: RtmpClient; replay: Replay }[] = [];
  for (const key of contender.keys) {
    const client = await RtmpClient.connect({ port: contender.port });
    const code = await client.publish(key);
    if (code !== 'NetStream.Publish.Start') throw new Error(`${contender.name}: ${code}`);
    publishers.push({ client, replay: new Replay(client, tags, { loop: true }) });
    // Encoders do not send in step.
    await delay(37);
  }
  await delay(WARM_UP_MS);
  const pids = await contender.pids();
  const cpu = () => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const cpuBefore = cpu();
  const startedAt = performance.now();
  await delay(windowMs);
  const used = ((cpu() - cpuBefore) * 1e6) / (performance.now() - startedAt);
  for (const { client, replay } of publishers) {
    if (!client.isOpen) throw new Error(`${contender.name} has closed a publisher`);
    replay.stop();
    client.destroy();
  }
  return used / contender.keys.length;
}

async function startNginx(): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'amphi-bench-nginx-'));
  const [port = 0] = await freePorts(1);
  const conf = join(folder, 'nginx.conf');
  await writeFile(
    conf,
    `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; worker_processes 1;
error_log stderr error; pid ${folder}/pid;
events { worker_connections 1024; }
rtmp { access_log off; server { listen 127.0.0.1:${port}; application live { live on; } } }
`,
  );
  const child = spawn('nginx', ['-c', conf, '-p', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until('nginx to listen', async () => {
    const client = await RtmpClient.connect({ port });
    client.destroy();
    return true;
  });
  return {
    name: 'nginx-rtmp',
    port,
    keys: Array.from({ length: PUBLISHERS }, (_, i) => `stream${i}`),
    pids: async () => [child.pid ?? 0],
    close: async () => {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startAmphi(): Promise<Contender> {
  const amphi = await Instance.start({ env: { AMPHI_ROLES: 'api,ingest' } });
  const keys: string[] = [];
  for (let i = 0; i < PUBLISHERS; i++) {
    const { source } = await amphi.createEvent({ title: `Bench ${i}` });
    keys.push(source.streamKey);
  }
  return {
    name: 'amphi',
    port: amphi.rtmpPort,
    keys,
    pids: async () => [await amphi.pid('ingest')],
    close: () => amphi.stop(),
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
