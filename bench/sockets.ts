import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { randomId } from '#base';
import { cpuSecondsOf, TokenIssuer } from '#platform';
import { createMeeting, Instance, residentBytesOf, SignalClient } from '#support';
import { type Benchmark, type BenchOptions, type BenchResult, optionOf } from './benchmark.ts';

/**
 * What a signalling node bears: memory of idle sockets, messages a second with
 * their delay, in rooms on one node and in rooms whose people are on two.
 * `--idle=N` for so many idle sockets.
 */
export const sockets: Benchmark = {
  name: 'sockets',
  summary: 'signalling: memory of a socket, messages a second and their delay, on one node and two',
  run,
};

const SECRET = 'one-secret-for-all-the-nodes-of-the-cluster';
const NODE = fileURLToPath(new URL('./sockets/node.js', import.meta.url));
const IDLE = 4_000;
/** Of the rooms in which nothing happens. */
const IDLE_ROOM = 50;
const AT_ONCE = 50;
const ROOMS = 8;
const PEOPLE = 10;
const EACH_PER_SECOND = 12;
const P99_MS = 100;
/** Without a rule of its own, a process has so much memory and so much of one core. */
const NODE_GIGABYTES = 4;

interface Node {
  base: string;
  pid: number;
  stop(): void;
}

async function run(options: BenchOptions): Promise<BenchResult> {
  const idle = Number(optionOf(options, 'idle') ?? (options.quick ? 500 : IDLE));
  const seconds = options.quick ? 4 : 15;
  const amphi = await Instance.start({
    env: { AMPHI_ROLES: 'api', AMPHI_CLUSTER_SECRET: SECRET },
  });
  const started: Node[] = [];
  try {
    const start = async (id: string) => {
      const node = await startNode(id, amphi.dataDir);
      started.push(node);
      return node;
    };
    const [one, two] = [await start('bench-one'), await start('bench-two')];
    const perSocket = await idleSockets(amphi, one, idle);
    const [single, relayed] = [
      await talk(amphi, [one], seconds),
      await talk(amphi, [one, two], seconds),
    ];
    const rows = [
      { what: 'idle sockets', nodes: 1, sockets: idle, 'KB each': round(perSocket / 1024) },
    ].map((row) => ({ ...row, 'in/s': 0, 'out/s': 0, 'p50 ms': 0, 'p99 ms': 0, 'CPU %': 0 }));
    const talks = [single, relayed].map((talked, i) => ({
      what: i === 0 ? 'rooms on one node' : 'rooms over two nodes',
      nodes: i + 1,
      sockets: ROOMS * PEOPLE,
      'KB each': 0,
      ...talked,
    }));
    const inMemory = Math.floor((NODE_GIGABYTES * 1024 ** 3) / perSocket);
    return {
      rows: [...rows, ...talks],
      verdicts: talks.map((talked) => ({
        what: `${talked.what}: p99 until a message is answered, ms`,
        value: talked['p99 ms'],
        target: `<= ${P99_MS}`,
        met: talked['p99 ms'] <= P99_MS,
      })),
      notes: [
        `${NODE_GIGABYTES} GB hold ${inMemory} idle sockets of this size; 5 million take ${Math.ceil(5e6 / Math.min(inMemory, 50_000))} nodes of 50,000 at most.`,
        `At this rate of talk one core delivers ${Math.round((single['out/s'] / single['CPU %']) * 100)} messages a second.`,
      ],
    };
  } finally {
    for (const node of started) node.stop();
    await amphi.stop();
  }
}

/** Bytes that each of so many sockets takes on this node. */
async function idleSockets(amphi: Instance, node: Node, count: number): Promise<number> {
  const before = residentBytesOf(node.pid);
  const clients: SignalClient[] = [];
  for (let i = 0; i < count; i += IDLE_ROOM) {
    const { meetingId } = await createMeeting(amphi.base);
    const people = Math.min(IDLE_ROOM, count - i);
    for (let j = 0; j < people; j += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, people - j) }, () =>
        come(node, meetingId),
      );
      clients.push(...(await Promise.all(batch)));
    }
    for (const client of clients.slice(-people)) client.messages.splice(0);
  }
  const bytes = (residentBytesOf(node.pid) - before) / count;
  await Promise.all(clients.map((client) => leave(client)));
  return bytes;
}

/** Rooms in which everybody says something several times a second, and everybody hears it. */
async function talk(amphi: Instance, nodes: readonly Node[], seconds: number) {
  const clients: SignalClient[] = [];
  for (let room = 0; room < ROOMS; room++) {
    const { meetingId } = await createMeeting(amphi.base);
    for (let i = 0; i < PEOPLE; i++) {
      const node = nodes[i % nodes.length];
      if (node !== undefined) clients.push(await come(node, meetingId));
    }
  }
  const cpu = () => nodes.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0);
  const [startedAt, cpuBefore] = [performance.now(), cpu()];
  for (const client of clients) client.messages.splice(0);
  const delays: number[] = [];
  let said = 0;
  const work = clients.map(async (client, i) => {
    for (let n = 0; performance.now() - startedAt < seconds * 1_000; n++) {
      const due = startedAt + ((n + i / clients.length) * 1_000) / EACH_PER_SECOND;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      const at = performance.now();
      said++;
      await client.ask({ type: 'reaction', emoji: '👍' });
      delays.push(performance.now() - at);
    }
  });
  await Promise.all(work);
  const took = (performance.now() - startedAt) / 1_000;
  const heard = clients.reduce((sum, client) => sum + client.of('reaction').length, 0);
  const cpuShare = (cpu() - cpuBefore) / took;
  await Promise.all(clients.map((client) => leave(client)));
  delays.sort((a, b) => a - b);
  const at = (share: number) => round(delays[Math.floor(delays.length * share)] ?? 0);
  return {
    'in/s': Math.round(said / took),
    'out/s': Math.round((heard + said) / took),
    'p50 ms': at(0.5),
    'p99 ms': at(0.99),
    'CPU %': Math.round(cpuShare * 100),
  };
}

const tokens = new TokenIssuer(SECRET);

/** Comes in by this node, with a token of its own making: the API is not what is measured. */
async function come(node: Node, meetingId: string): Promise<SignalClient> {
  const participantId = randomId(12);
  const grant = { meetingId, displayName: 'Bench', role: 'participant', mark: participantId };
  const token = await tokens.sign('participant', { sub: participantId, grant }, 300);
  const url = `${node.base}/signal/meetings/${meetingId}?token=${token}`;
  const client = new SignalClient(url, participantId);
  await client.opened();
  client.say({ type: 'join', participantId });
  await client.next('welcome');
  return client;
}

async function leave(client: SignalClient): Promise<void> {
  client.say({ type: 'leave' });
  await client.closed;
}

function startNode(nodeId: string, dataDir: string): Promise<Node> {
  const child = fork(NODE, [nodeId, dataDir, SECRET], { stdio: ['ignore', 2, 2, 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`node ended with ${code}`)));
    child.once('message', (message: { base: string }) =>
      resolve({ base: message.base, pid: child.pid ?? 0, stop: () => child.kill('SIGTERM') }),
    );
  });
}

const round = (value: number): number => Math.round(value * 10) / 10;
