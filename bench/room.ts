import { delay } from '#base';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';
import { treeCpuSeconds } from './cpu.ts';
import { Crowd } from './forward/crowd.ts';
import { Namespace } from './forward/namespace.ts';
import { startAmphiRooms } from './room/amphi.ts';
import type { RoomContender, RoomPeople, RoomSurroundings } from './room/contender.ts';
import { startJanusRooms } from './room/janus.ts';
import { arrivedDatagrams } from './udp.ts';

/**
 * Rooms of headless people with real DTLS-SRTP: CPU of a forwarded packet, loss
 * and delay of our call server beside Janus's VideoRoom, each on one core in a
 * network namespace, its people on the other core. `--shape=20x5,1x50`.
 */
export const room: Benchmark = {
  name: 'room',
  summary: 'rooms of headless people on the call server and on Janus: CPU, loss, delay',
  run,
};

const SERVER_CORE = 0;
const CROWD_CORE = 1;
const SETTLE_MS = 5_000;
/** Of a face in a small tile, about 400 kbit/s. */
const PACKETS_PER_SECOND = 60;
const PACKET_BYTES = 850;
/** In rooms larger than this so many send, and all receive them. */
const ALL_SEND_UP_TO = 10;
const SPEAKING = 3;

interface Shape {
  rooms: number;
  people: number;
}

interface Measured {
  name: string;
  shape: Shape;
  microseconds: number;
  perSecond: number;
  coreShare: number;
  lostShare: number;
  p50Ms: number;
  p99Ms: number;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const shapes = (optionOf(options, 'shape') ?? (options.quick ? '4x5' : '20x5,1x50'))
    .split(',')
    .map((text): Shape => {
      const [rooms = 1, people = 2] = text.split('x').map(Number);
      return { rooms, people };
    });
  const windowMs = options.quick ? 5_000 : 20_000;
  const namespace = Namespace.open();
  const found: Measured[] = [];
  try {
    for (const shape of shapes) {
      for (const start of [startJanusRooms, startAmphiRooms]) {
        found.push(await measure(shape, start, namespace, windowMs));
      }
    }
  } finally {
    namespace.close();
  }
  return { rows: found.map(rowOf), verdicts: shapes.flatMap((shape) => verdictOf(shape, found)) };
}

async function measure(
  shape: Shape,
  start: (surroundings: RoomSurroundings) => Promise<RoomContender>,
  namespace: Namespace,
  windowMs: number,
): Promise<Measured> {
  const rooms = Array.from({ length: shape.rooms }, (_, i) => peopleOf(`room${i}`, shape.people));
  const peers = rooms.reduce(
    (sum, { senders, receivers }) => sum + senders.length + receivers.length,
    0,
  );
  const crowd = await Crowd.gather(peers, namespace.outside, CROWD_CORE);
  try {
    const contender = await start({ namespace, core: SERVER_CORE, crowd });
    try {
      for (const [i, people] of rooms.entries()) await contender.room(`room${i}`, people);
      for (const { senders } of rooms) {
        for (const peer of senders) crowd.send(peer, PACKETS_PER_SECOND, PACKET_BYTES);
      }
      await delay(SETTLE_MS);
      crowd.forgetDelays();
      const before = { cpu: treeCpuSeconds(contender.pid), datagrams: arrivedDatagrams() };
      const beganMs = performance.now();
      await delay(windowMs);
      const seconds = (performance.now() - beganMs) / 1000;
      const cpu = treeCpuSeconds(contender.pid) - before.cpu;
      const arrived = arrivedDatagrams() - before.datagrams;
      const delays = await crowd.delays();
      const expected = rooms.reduce((sum, people) => sum + forwardsOf(people), 0);
      return {
        name: contender.name,
        shape,
        microseconds: (cpu * 1e6) / arrived,
        perSecond: arrived / seconds,
        coreShare: cpu / seconds,
        lostShare: Math.max(0, 1 - arrived / (expected * PACKETS_PER_SECOND * seconds)),
        p50Ms: delays[Math.floor(delays.length * 0.5)] ?? Number.NaN,
        p99Ms: delays[Math.floor(delays.length * 0.99)] ?? Number.NaN,
      };
    } finally {
      await contender.close();
    }
  } finally {
    crowd.close();
  }
}

function peopleOf(room: string, people: number): RoomPeople {
  const speaking = people > ALL_SEND_UP_TO ? SPEAKING : people;
  return {
    senders: Array.from({ length: speaking }, (_, i) => `${room}-out${i}`),
    receivers: Array.from({ length: people }, (_, i) => ({
      peer: `${room}-in${i}`,
      self: i < speaking ? `${room}-out${i}` : undefined,
    })),
  };
}

/** Streams that arrive with all receivers of a room together. */
const forwardsOf = ({ senders, receivers }: RoomPeople): number =>
  receivers.reduce((sum, { self }) => sum + senders.length - (self === undefined ? 0 : 1), 0);

const nameOf = ({ rooms, people }: Shape): string =>
  rooms === 1 ? `one room of ${people}` : `${rooms} rooms of ${people}`;

const rowOf = (m: Measured) => ({
  server: m.name,
  rooms: nameOf(m.shape),
  'µs a packet': round(m.microseconds, 2),
  'packets/s': Math.round(m.perSecond),
  'cores used': round(m.coreShare, 2),
  'lost %': round(m.lostShare * 100, 2),
  'p50 delay ms': round(m.p50Ms, 1),
  'p99 delay ms': round(m.p99Ms, 1),
});

function verdictOf(shape: Shape, found: readonly Measured[]): BenchResult['verdicts'] {
  const [janus, amphi] = found.filter((m) => m.shape === shape).map((m) => m.microseconds);
  if (janus === undefined || amphi === undefined) return [];
  const value = round(amphi / janus, 2);
  return [{ what: `over Janus, ${nameOf(shape)}`, value, target: '<= 1', met: value <= 1 }];
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
