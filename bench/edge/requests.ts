import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchResult } from '../benchmark.ts';
import { type Started, startChild } from '../child.ts';
import { median, treeCpuSeconds } from '../cpu.ts';
import { startNginx } from './nginx.ts';
import { type BenchObject, OBJECTS } from './objects.ts';

/** CPU of a request, of our public port and of nginx, by turns on the same core. */

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const CONNECTIONS = [100, 1_000] as const;
const TARGETS: Readonly<Record<BenchObject['name'], number>> = {
  playlist: 1.5,
  part: 1,
  segment: 1,
};

interface Contender {
  name: 'amphi' | 'nginx';
  port: number;
  pid: number;
}

export async function measureRequests(
  ports: readonly number[],
  { quick }: BenchOptions,
): Promise<Pick<BenchResult, 'rows' | 'verdicts'>> {
  const [originPort = 0, relayPort = 0, nginxPort = 0] = ports;
  const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const started: Started[] = [];
  const nginx = await startNginx(nginxPort, originPort, SERVER_CORE);
  try {
    started.push(await startChild(script('static-origin'), [String(originPort)], LOAD_CORE));
    const relay = await startChild(
      script('relay-under-test'),
      [String(relayPort), `http://127.0.0.1:${originPort}`],
      SERVER_CORE,
    );
    started.push(relay);
    const contenders: Contender[] = [
      { name: 'amphi', port: relayPort, pid: relay.pid },
      { name: 'nginx', port: nginxPort, pid: nginx.process.pid ?? 0 },
    ];
    for (const { port } of contenders) await fill(port);
    const rounds = quick ? 2 : 5;
    const seconds = quick ? 2 : 4;
    return await compare(contenders, rounds, seconds);
  } finally {
    for (const child of started) child.stop();
    await nginx.stop();
  }
}

/** Brings every object into the cache. */
async function fill(port: number): Promise<void> {
  for (const { path, bytes } of OBJECTS) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const body = await response.arrayBuffer();
    if (body.byteLength !== bytes) throw new Error(`${path} has ${body.byteLength} bytes`);
  }
}

async function compare(
  contenders: readonly Contender[],
  rounds: number,
  seconds: number,
): Promise<Pick<BenchResult, 'rows' | 'verdicts'>> {
  const rows: BenchResult['rows'] = [];
  const verdicts: BenchResult['verdicts'] = [];
  for (const object of OBJECTS) {
    for (const connections of CONNECTIONS) {
      const costs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
      const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
      // By turns, so that what else the machine does meets both alike.
      for (let round = 0; round < rounds; round++) {
        for (const contender of contenders) {
          const before = treeCpuSeconds(contender.pid);
          const requests = await load(contender.port, object.path, connections, seconds);
          const cpu = treeCpuSeconds(contender.pid) - before;
          costs.get(contender.name)?.push((cpu * 1e6) / requests);
          rates.get(contender.name)?.push(requests / seconds);
        }
      }
      const cost = (name: string) => median(costs.get(name) ?? []);
      const rate = (name: string) => Math.round(median(rates.get(name) ?? []));
      const ratio = cost('amphi') / cost('nginx');
      rows.push({
        object: object.name,
        connections,
        'amphi µs': round1(cost('amphi')),
        'nginx µs': round1(cost('nginx')),
        ratio: Number(ratio.toFixed(2)),
        'amphi req/s': rate('amphi'),
        'nginx req/s': rate('nginx'),
      });
      const target = TARGETS[object.name];
      verdicts.push({
        what: `CPU of a ${object.name} over nginx at ${connections} connections`,
        value: Number(ratio.toFixed(2)),
        target: `<= ${target}`,
        met: ratio <= target,
      });
    }
  }
  return { rows, verdicts };
}

const round1 = (value: number): number => Math.round(value * 10) / 10;

/** Asks for one object over so many connections; returns how many answers came. */
function load(port: number, path: string, connections: number, seconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = `http://127.0.0.1:${port}${path}`;
    const wrk = spawn(
      'taskset',
      ['-c', String(LOAD_CORE), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    wrk.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    wrk.once('error', reject);
    wrk.once('close', () => {
      const failed = text.match(/Non-2xx or 3xx responses: (\d+)/)?.[1];
      const count = Number(text.match(/(\d+) requests in/)?.[1] ?? 0);
      if (failed !== undefined || count === 0) reject(new Error(`load on ${url} failed:\n${text}`));
      else resolve(count);
    });
  });
}
