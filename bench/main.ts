import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from './benchmark.ts';
import { cascade } from './cascade.ts';
import { chaos } from './chaos.ts';
import { edge } from './edge.ts';
import { forward } from './forward.ts';
import { ingest } from './ingest.ts';
import { joins } from './joins.ts';
import { latency } from './latency.ts';
import { packetPath } from './packet-path.ts';
import { room } from './room.ts';
import { roomLatency } from './room-latency.ts';
import { rtcLatency } from './rtc-latency.ts';
import { soak } from './soak.ts';
import { sockets } from './sockets.ts';
import { transcode } from './transcode.ts';

/** `npm run bench [-- NAME …] [--quick]`: runs the named benchmarks, or all. */

const BENCHMARKS: readonly Benchmark[] = [
  cascade,
  chaos,
  edge,
  forward,
  ingest,
  joins,
  latency,
  packetPath,
  rtcLatency,
  room,
  roomLatency,
  sockets,
  soak,
  transcode,
];
const RESULTS = fileURLToPath(new URL('../../bench/results', import.meta.url));

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown benchmark ${unknown.join(', ')}; there are:\n${BENCHMARKS.map((b) => `  ${b.name}: ${b.summary}`).join('\n')}\n`,
  );
  process.exit(64);
}

for (const benchmark of BENCHMARKS) {
  if (names.length > 0 && !names.includes(benchmark.name)) continue;
  process.stdout.write(`\n${benchmark.name}: ${benchmark.summary}\n`);
  const result = await benchmark.run({ quick: args.includes('--quick'), args });
  console.table(result.rows);
  for (const { what, value, target, met } of result.verdicts) {
    process.stdout.write(`  ${met ? 'met ' : 'MISSED'}  ${what}: ${value} (target ${target})\n`);
  }
  for (const note of result.notes ?? []) process.stdout.write(`  ${note}\n`);
  mkdirSync(RESULTS, { recursive: true });
  const at = new Date().toISOString();
  writeFileSync(
    join(RESULTS, `${benchmark.name}-${at.replace(/[:.]/g, '-')}.json`),
    JSON.stringify({ benchmark: benchmark.name, at, machine: machine(), ...result }, null, 2),
  );
}

function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    ffmpeg: execFileSync('ffmpeg', ['-version']).toString().split('\n')[0],
  };
}
