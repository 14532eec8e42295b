import { delay } from '#base';
import { residentBytesOf } from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { processTree, treeCpuSeconds } from './cpu.ts';
import { startAmphi } from './forward/amphi.ts';
import type { Contender, Surroundings } from './forward/contender.ts';
import { Crowd } from './forward/crowd.ts';
import { startJanus } from './forward/janus.ts';
import { Namespace } from './forward/namespace.ts';
import { arrivedDatagrams } from './udp.ts';

const PACKETS_PER_SECOND = 300;
const PACKET_BYTES = 1_100;
const SERVER_CORE = 0;
const CROWD_CORE = 1;
const SETTLE_MS = 5_000;
const JOIN_TOGETHER = 10;
/** Beyond this the peers' own core is the bottleneck when they report arrivals. */
const MAX_REPORTING = 200;

/**
 * One publisher, many viewers with real DTLS-SRTP: CPU of a forwarded packet of
 * our call server against Janus's VideoRoom, each on one core in a network
 * namespace, its peers on the other core.
 */
export const forward: Benchmark = {
  name: 'forward',
  summary: 'CPU of a forwarded RTP packet of the call server against Janus, real DTLS-SRTP viewers',
  run,
};

interface Measured {
  name: string;
  viewers: number;
  microseconds: number;
  perSecond: number;
  coreShare: number;
  lostShare: number;
  kilobytes: number;
  p99Ms: number;
}

type Start = (surroundings: Surroundings) => Promise<Contender>;

async function run(options: BenchOptions): Promise<BenchResult> {
  const sizes = (optionOf(options, 'viewers') ?? (options.quick ? '50' : '50,200,450,600'))
    .split(',')
    .map(Number);
  const rate = Number(optionOf(options, 'rate') ?? PACKETS_PER_SECOND);
  const windowMs = options.quick ? 5_000 : 15_000;
  const namespace = Namespace.open();
  const found: Measured[] = [];
  try {
    for (const viewers of sizes) {
      for (const start of startsOf(viewers, optionOf(options, 'server'))) {
        const crowd = await Crowd.gather(viewers + 1, namespace.outside, CROWD_CORE);
        try {
          const contender = await start({ namespace, core: SERVER_CORE, crowd });
          try {
            found.push(await measure(contender, crowd, { viewers, rate, windowMs }));
          } finally {
            await contender.close();
          }
        } finally {
          crowd.close();
        }
      }
    }
  } finally {
    namespace.close();
  }
  return { rows: found.map(rowOf), verdicts: verdictsOf(found) };
}

/** `server`: one of them alone. */
function startsOf(viewers: number, server: string | undefined): Start[] {
  const plain: Start = (s) => startAmphi(s, { congestionControl: false });
  const whole: Start = (s) => startAmphi(s, { congestionControl: true });
  const ours = viewers <= MAX_REPORTING ? [plain, whole] : [plain];
  if (server === 'janus') return [startJanus];
  if (server === 'amphi') return ours.slice(-1);
  return [startJanus, ...ours];
}

async function measure(
  contender: Contender,
  crowd: Crowd,
  { viewers, rate, windowMs }: { viewers: number; rate: number; windowMs: number },
): Promise<Measured> {
  await contender.publish('publisher');
  const emptyKb = residentKb(contender.pid);
  for (let n = 0; n < viewers; n += JOIN_TOGETHER) {
    const some = Array.from({ length: Math.min(JOIN_TOGETHER, viewers - n) }, (_, i) => n + i);
    await Promise.all(some.map((viewer) => contender.play(`viewer-${viewer}`)));
  }
  // Only now: a crowd that is busy taking packets takes minutes to grow.
  crowd.send('publisher', rate, PACKET_BYTES);
  await delay(SETTLE_MS);
  crowd.forgetDelays();
  const before = {
    cpu: treeCpuSeconds(contender.pid),
    arrived: arrivedDatagrams(),
    at: performance.now(),
  };
  await delay(windowMs);
  const after = {
    cpu: treeCpuSeconds(contender.pid),
    arrived: arrivedDatagrams(),
    at: performance.now(),
  };
  const seconds = (after.at - before.at) / 1000;
  const arrived = after.arrived - before.arrived;
  const expected = viewers * rate * seconds;
  const cpuUs = (after.cpu - before.cpu) * 1e6;
  const delays = await crowd.delays();
  return {
    name: contender.name,
    viewers,
    microseconds: cpuUs / arrived,
    perSecond: arrived / seconds,
    coreShare: cpuUs / 1e6 / seconds,
    lostShare: Math.max(0, 1 - arrived / expected),
    kilobytes: (residentKb(contender.pid) - emptyKb) / viewers,
    p99Ms: delays[Math.floor(delays.length * 0.99)] ?? Number.NaN,
  };
}

const residentKb = (root: number): number =>
  processTree(root).reduce((sum, pid) => sum + residentBytesOf(pid), 0) / 1024;

const rowOf = (m: Measured) => ({
  server: m.name,
  viewers: m.viewers,
  'µs a packet': round(m.microseconds, 2),
  'packets/s': Math.round(m.perSecond),
  'cores used': round(m.coreShare, 2),
  'lost %': round(m.lostShare * 100, 2),
  'KB a viewer': Math.round(m.kilobytes),
  'p99 delay ms': round(m.p99Ms, 1),
});

function verdictsOf(found: readonly Measured[]): BenchResult['verdicts'] {
  const verdicts: BenchResult['verdicts'] = [];
  const of = (viewers: number, start: string) =>
    found.find((m) => m.viewers === viewers && m.name === start)?.microseconds;
  const hold = (what: string, value: number, bound: number) =>
    verdicts.push({ what, value: round(value, 2), target: `<= ${bound}`, met: value <= bound });
  for (const [viewers, bound] of [
    [200, 0.65],
    [450, 0.75],
  ] as const) {
    const [ours, theirs] = [
      of(viewers, 'amphi, no transport-cc'),
      of(viewers, 'janus, event_loops=1'),
    ];
    if (ours !== undefined && theirs !== undefined) {
      hold(`over Janus at ${viewers} viewers`, ours / theirs, bound);
    }
  }
  const all = of(200, 'amphi');
  if (all !== undefined) hold('µs a packet at 200 viewers with all on', all, 5.5);
  return verdicts;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
