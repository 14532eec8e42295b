import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { delay } from '#base';
import { Pipe } from '#callserver';
import { CallServerStage } from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { curve } from './cascade/curve.ts';
import { loadOfLinks } from './cascade/machines.ts';
import { treeCpuSeconds } from './cpu.ts';
import { Crowd } from './forward/crowd.ts';

const LOOPBACK = '127.0.0.1';
const CROWD_CORE = 1;
const PACKET_BYTES = 1_100;
const JOIN_TOGETHER = 10;
const SETTLE_MS = 4_000;
const MAX_COPIES = 1.15;
const RESULTS = fileURLToPath(new URL('../../bench/results', import.meta.url));

/**
 * One publisher, viewers over two worker processes joined by a pipe: CPU of both
 * workers for each packet that reaches a viewer's socket, against the number of
 * viewers; and what goes over the cables of three "machines".
 */
export const cascade: Benchmark = {
  name: 'cascade',
  summary:
    'cost against viewers over two workers joined by a pipe, and what three machines’ cables carry',
  run,
};

interface Measured {
  viewers: number;
  microseconds: number;
  perSecond: number;
  cores: number;
  sentShare: number;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const sizes = (
    optionOf(options, 'viewers') ?? (options.quick ? '20,60' : '50,100,200,300,400,500')
  )
    .split(',')
    .map(Number);
  const packetsPerSecond = Number(optionOf(options, 'rate') ?? (options.quick ? 100 : 200));
  const windowMs = options.quick ? 3_000 : 10_000;
  const found: Measured[] = [];
  for (const viewers of sizes) found.push(await measure(viewers, packetsPerSecond, windowMs));
  const picture = `${RESULTS}/cascade.svg`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    picture,
    curve(
      found.map(({ viewers, microseconds }) => ({ x: viewers, y: microseconds })),
      {
        title: 'A packet to a viewer, over two workers joined by a pipe',
        x: `viewers, ${packetsPerSecond} packets of ${PACKET_BYTES} bytes a second each`,
        y: 'CPU of both workers, µs a packet',
      },
    ),
  );
  const links = await loadOfLinks(windowMs);
  return {
    rows: found.map((one) => ({
      viewers: one.viewers,
      'µs a packet': round(one.microseconds, 2),
      'packets/s': Math.round(one.perSecond),
      'cores used': round(one.cores, 2),
      'sent %': round(one.sentShare * 100, 1),
    })),
    verdicts: links.map(({ name, measured, oneCopy }) => {
      const copies = round(measured / oneCopy, 2);
      return {
        what: `copies over the cable ${name}`,
        value: copies,
        target: `<= ${MAX_COPIES}`,
        met: copies <= MAX_COPIES && copies > 0.9,
      };
    }),
    notes: ['the curve is in bench/results/cascade.svg'],
  };
}

async function measure(
  viewers: number,
  packetsPerSecond: number,
  windowMs: number,
): Promise<Measured> {
  const crowd = await Crowd.gather(viewers + 1, LOOPBACK, CROWD_CORE);
  const stages = await Promise.all([CallServerStage.start(), CallServerStage.start()]);
  try {
    const [near, far] = stages;
    const offer = await crowd.offer('publisher', 'SendOnly');
    const session = await near.router.publish(offer);
    await crowd.answer('publisher', session.answer);
    const pipe = await Pipe.open(near.router, far.router);
    for (const producer of near.router.producers) await pipe.carry(producer);
    for (let n = 0; n < viewers; n += JOIN_TOGETHER) {
      const some = Array.from({ length: Math.min(JOIN_TOGETHER, viewers - n) }, (_, i) => n + i);
      await Promise.all(
        some.map(async (i) => {
          const { router } = i % 2 === 0 ? near : far;
          const viewer = await router.play(await crowd.offer(`viewer-${i}`, 'RecvOnly'));
          await crowd.answer(`viewer-${i}`, viewer.answer);
        }),
      );
    }
    crowd.send('publisher', packetsPerSecond, PACKET_BYTES);
    await delay(SETTLE_MS);
    const before = await state(stages);
    await delay(windowMs);
    const after = await state(stages);
    const seconds = (after.at - before.at) / 1_000;
    const packets = after.packets - before.packets;
    const cpu = after.cpu - before.cpu;
    return {
      viewers,
      microseconds: (cpu * 1e6) / packets,
      perSecond: packets / seconds,
      cores: cpu / seconds,
      sentShare: packets / (viewers * packetsPerSecond * seconds),
    };
  } finally {
    crowd.close();
    await Promise.all(stages.map((stage) => stage.stop()));
  }
}

/** CPU seconds of the workers, and packets that they have sent to viewers. */
async function state(stages: readonly CallServerStage[]) {
  const at = performance.now();
  let [cpu, packets] = [0, 0];
  for (const { worker, router, sessions } of stages) {
    cpu += treeCpuSeconds(worker.pid ?? 0);
    for (const one of await worker.request('routerSummary', { routerId: router.id })) {
      packets += one.pipe ? 0 : one.outgoing.packets;
    }
    if (sessions.size > 0) throw new Error('sessions of somebody else');
  }
  return { at, cpu, packets };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
