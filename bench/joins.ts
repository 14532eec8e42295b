import { fileURLToPath } from 'node:url';
import { delay } from '#base';
import { descriptorsOf, residentBytesOf } from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { type Started, startChild } from './child.ts';
import { median, processTree } from './cpu.ts';
import { Crowd } from './forward/crowd.ts';

/**
 * Viewers that come and go, with real ICE and DTLS: what one worker process keeps of
 * them, and how long all are without a picture when it is killed.
 * `--joins=5000`, `--viewers=10` when it is killed.
 */
export const joins: Benchmark = {
  name: 'joins',
  summary: 'memory and descriptors of a worker over 5,000 joins and leaves, and its death',
  run,
};

const MAIN = fileURLToPath(new URL('./forward/amphi-main.js', import.meta.url));
const LOOPBACK = '127.0.0.1';
const SERVER_CORE = 0;
const CROWD_CORE = 1;
/** With a key frame a second. */
const PACKETS_PER_SECOND = 100;
const PACKET_BYTES = 200;
const TOGETHER = 10;
const SAMPLES = 10;
const FAILURES_SHOWN = 10;
/** Tracks are let go a second after their peers. */
const AFTERWARDS_MS = 2_000;
/** From the third sample to the last. */
const GROWTH_MIB = 8;
const MORE_DESCRIPTORS = 8;
const RECOVERY_MS = 5_000;
const FIRST_P95_MS = 300;
const RETRY_MS = 50;
/** Of a second publisher's RTP a viewer waits for a key frame at most this long. */
const KEEP_TRYING_MS = 20_000;

async function run(options: BenchOptions): Promise<BenchResult> {
  const count = Number(optionOf(options, 'joins') ?? (options.quick ? 500 : 5_000));
  const viewers = Number(optionOf(options, 'viewers') ?? 10);
  const server = await startChild(MAIN, [LOOPBACK], SERVER_CORE);
  const crowd = await Crowd.gather(TOGETHER + viewers, LOOPBACK, CROWD_CORE);
  try {
    const scene = new Scene(server, crowd);
    await scene.publish('publisher');
    return await measure(scene, count, viewers);
  } finally {
    crowd.close();
    server.stop();
    await server.exited;
  }
}

async function measure(scene: Scene, count: number, viewers: number): Promise<BenchResult> {
  const rows: BenchResult['rows'] = [];
  const visits: Visit[] = [];
  const failures: string[] = [];
  const every = Math.max(TOGETHER, Math.round(count / SAMPLES));
  const before = scene.workerPid;
  for (let done = 0; done < count; ) {
    const some = Array.from({ length: Math.min(TOGETHER, count - done) }, (_, i) => done + i);
    const ended = await Promise.allSettled(
      some.map((n) => scene.visit(`visitor-${n}`, n % 2 === 0)),
    );
    for (const one of ended) {
      if (one.status === 'fulfilled') visits.push(one.value);
      else failures.push(String(one.reason));
    }
    done += some.length;
    if (done % every !== 0) continue;
    await delay(AFTERWARDS_MS);
    rows.push({
      joins: done,
      'MiB of the worker': round(residentBytesOf(before) / 2 ** 20),
      descriptors: descriptorsOf(before),
      'connected after, ms': round(median(visits.slice(-every).map(({ connectMs }) => connectMs))),
      'first packet then after, ms': round(
        median(visits.slice(-every).map(({ firstMs }) => firstMs)),
      ),
    });
  }
  const { back, first } = await scene.killWorker(viewers);
  const [early, late] = [rows[2] ?? rows[0], rows.at(-1)];
  const grown = (column: string) => round(Number(late?.[column]) - Number(early?.[column]));
  const sorted = visits.map(({ firstMs }) => firstMs).sort((a, b) => a - b);
  const p95 = round(sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN);
  return {
    rows,
    verdicts: [
      atMost('growth of the worker, MiB', grown('MiB of the worker'), GROWTH_MIB),
      atMost('failed joins', failures.length, 0),
      atMost('more descriptors', grown('descriptors'), MORE_DESCRIPTORS),
      atMost('connected to first packet, p95 ms', p95, FIRST_P95_MS),
      atMost('killed: first join possible again after, ms', round(first), RECOVERY_MS),
      atMost(`killed: ${viewers} viewers have packets again after, ms`, round(back), RECOVERY_MS),
    ],
    notes: failures.slice(0, FAILURES_SHOWN),
  };
}

/** The peers' library repeats a lost handshake after a second; browsers do after 50 ms. */
interface Visit {
  connectMs: number;
  firstMs: number;
}

/** The call server, and who comes and goes. */
class Scene {
  readonly #server: Started;
  readonly #crowd: Crowd;

  constructor(server: Started, crowd: Crowd) {
    this.#server = server;
    this.#crowd = crowd;
  }

  get workerPid(): number {
    const pid = processTree(this.#server.pid).find((one) => one !== this.#server.pid);
    if (pid === undefined) throw new Error('no worker');
    return pid;
  }

  async publish(peer: string): Promise<void> {
    const { answer } = await this.#post('whip', await this.#crowd.offer(peer, 'SendOnly'));
    await this.#crowd.answer(peer, answer);
    this.#crowd.send(peer, PACKETS_PER_SECOND, PACKET_BYTES, PACKETS_PER_SECOND);
  }

  /** Plays until the first packet, then leaves: by its resource, or without a word. */
  async visit(peer: string, politely: boolean): Promise<Visit> {
    const offer = await this.#crowd.offer(peer, 'RecvOnly');
    const startedAt = performance.now();
    const { answer, resource } = await this.#post('whep', offer);
    const firstMs = await this.#crowd.play(peer, answer);
    const connectMs = performance.now() - startedAt - firstMs;
    if (politely) await fetch(resource, { method: 'DELETE' });
    this.#crowd.leave(peer);
    return { connectMs, firstMs };
  }

  /** Milliseconds from the kill until somebody can join again, and until all have packets. */
  async killWorker(viewers: number): Promise<{ first: number; back: number }> {
    const names = Array.from({ length: viewers }, (_, i) => `viewer-${i}`);
    await Promise.all(names.map((name) => this.#play(name)));
    process.kill(this.workerPid, 'SIGKILL');
    const killedAt = performance.now();
    await untilDone(() => this.publish('publisher-again'));
    const first = performance.now() - killedAt;
    await Promise.all(names.map((name) => untilDone((n) => this.#play(`${name}-again-${n}`))));
    return { first, back: performance.now() - killedAt };
  }

  async #play(peer: string): Promise<void> {
    const { answer } = await this.#post('whep', await this.#crowd.offer(peer, 'RecvOnly'));
    await this.#crowd.play(peer, answer);
  }

  async #post(kind: string, offer: string): Promise<{ answer: string; resource: string }> {
    const { base } = this.#server.greeting as { base: string };
    const response = await fetch(`${base}/${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: offer,
    });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`${kind}: ${response.status} ${answer}`);
    return { answer, resource: `${base}${response.headers.get('location')}` };
  }
}

/** Tries again and again, as clients do. */
async function untilDone(attempt: (n: number) => Promise<void>): Promise<void> {
  const endAt = performance.now() + KEEP_TRYING_MS;
  for (let n = 0; ; n++) {
    try {
      await attempt(n);
      return;
    } catch (error) {
      if (performance.now() > endAt) throw error;
      await delay(RETRY_MS);
    }
  }
}

const atMost = (what: string, value: number, bound: number) => ({
  what,
  value,
  target: `<= ${bound}`,
  met: value <= bound,
});

const round = (value: number): number => Number(value.toFixed(1));
