import { execFileSync } from 'node:child_process';
import { delay, silentLogger } from '#base';
import { Pipe, type PublishedProducer, Router, WorkerProcess } from '#callserver';
import { rtpPacket, vp8Payload } from '#support';

const PORT = 44_100;
const SECRET = 'what only the owners of both ends know';
const LAYERS = [200, 500, 1_000] as const;
const FRAMES_PER_SECOND = 50;
const VIEWERS = 20;
const PAYLOAD_TYPE = 96;
/** Ethernet, IPv4, UDP, what a pipe puts around a packet; RTP with its extensions. */
const AROUND = 14 + 20 + 8 + 26 + 12 + 24;
const CENTRE = '10.213.80.1';

export interface LinkLoad {
  name: string;
  /** Bytes a second over the cable. */
  measured: number;
  /** What one copy of what its viewers want takes. */
  oneCopy: number;
}

/**
 * A call server in each of three network namespaces: one takes a simulcast
 * publisher, the two others have twenty viewers each, one of them of the largest
 * picture, the other of the smallest. Tells what each cable carries. Needs root.
 */
export async function loadOfLinks(windowMs: number): Promise<LinkLoad[]> {
  const names = ['a', 'b', 'c'].map((name) => `amphi-cascade-${name}-${process.pid}`);
  const [centre = '', ...leaves] = names;
  const workers: WorkerProcess[] = [];
  let film: NodeJS.Timeout | undefined;
  try {
    for (const name of names) ip('netns', 'add', name);
    for (const name of names) ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', centre, 'address', 'add', `${CENTRE}/32`, 'dev', 'lo');
    for (const [i, leaf] of leaves.entries()) cable(i, centre, leaf);
    const addresses = [CENTRE, ...leaves.map((_, i) => leafAddress(i))];
    for (const [i, name] of names.entries()) {
      const settings = {
        port: PORT,
        bindAddress: '0.0.0.0',
        announcedAddresses: [addresses[i] ?? ''],
      };
      const launcher = ['ip', 'netns', 'exec', name];
      workers.push(await WorkerProcess.start({ settings, logger: silentLogger, launcher }));
    }
    const routers = await Promise.all(workers.map((worker) => Router.create(worker)));
    const [from, ...others] = routers;
    if (from === undefined) throw new Error('no worker');
    const { producer, start } = await publisher(from);
    for (const [i, to] of others.entries()) {
      const pipe = await Pipe.open(from, to, { secret: SECRET });
      await pipe.carry(producer);
      await watch(to, producer.producerId, i === 0 ? LAYERS.length - 1 : 0);
    }
    film = start();
    await delay(3_000);
    const before = leaves.map((_, i) => sentOver(i, centre));
    await delay(windowMs);
    return leaves.map((_, i) => ({
      name: i === 0 ? 'to 20 viewers of the largest picture' : 'to 20 viewers of the smallest',
      measured: ((sentOver(i, centre) - (before[i] ?? 0)) * 1_000) / windowMs,
      oneCopy: ((LAYERS[i === 0 ? LAYERS.length - 1 : 0] ?? 0) + AROUND) * FRAMES_PER_SECOND,
    }));
  } finally {
    clearInterval(film);
    await Promise.all(workers.map((worker) => worker.close()));
    for (const name of names) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // It was not made.
      }
    }
  }
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const linkName = (i: number) => `amc${process.pid % 100_000}${i}`;
const leafAddress = (i: number) => `10.213.${78 + i}.2`;

/** From the one in the middle to another one. */
function cable(i: number, centre: string, leaf: string): void {
  const name = linkName(i);
  ip(
    ...['link', 'add', name, 'netns', centre, 'type', 'veth'].concat([
      'peer',
      'name',
      `${name}p`,
      'netns',
      leaf,
    ]),
  );
  const near = `10.213.${78 + i}.1`;
  ip('-n', centre, 'address', 'add', `${near}/24`, 'dev', name);
  ip('-n', centre, 'link', 'set', name, 'up');
  ip('-n', leaf, 'address', 'add', `${leafAddress(i)}/24`, 'dev', `${name}p`);
  ip('-n', leaf, 'link', 'set', `${name}p`, 'up');
  ip('-n', leaf, 'route', 'add', CENTRE, 'via', near);
}

function sentOver(i: number, centre: string): number {
  const text = ip('-n', centre, '-s', '-j', 'link', 'show', 'dev', linkName(i)).toString();
  const [link] = JSON.parse(text) as [{ stats64: { tx: { bytes: number } } }];
  return link.stats64.tx.bytes;
}

/** All its streams come all the time, with a key frame twice a second. */
async function publisher(router: Router) {
  const { worker } = router;
  const transportId = 'publisher';
  const { handle } = await worker.request('createDirectTransport', {
    routerId: router.id,
    transportId,
  });
  const parameters: PublishedProducer['parameters'] = {
    kind: 'video',
    mid: '0',
    codec: { name: 'VP8', parameters: {} },
    payloadType: PAYLOAD_TYPE,
    nack: true,
    extensions: {},
    encodings: LAYERS.map((_, layer) => ({ ssrc: 100 + layer })),
  };
  const producerId = 'camera';
  await worker.request('produce', { transportId, producerId, parameters });
  const producer: PublishedProducer = {
    producerId,
    sessionId: 'ann',
    mid: '0',
    label: 'camera',
    streamId: 'ann',
    parameters,
    piped: false,
  };
  router.published.set(producerId, producer);
  const frame = (number: number) => {
    for (const [layer, size] of LAYERS.entries()) {
      const key = number % (FRAMES_PER_SECOND / 2) === 0;
      const payload = vp8Payload(number, key, size);
      if (key) payload.set([0x9d, 0x01, 0x2a, 0, layer + 1, 0, layer + 1], 7);
      const timestamp = Math.round((number * 90_000) / FRAMES_PER_SECOND);
      const fields = { payloadType: PAYLOAD_TYPE, ssrc: 100 + layer, timestamp, marker: true };
      worker.sendPacket(handle, rtpPacket({ ...fields, sequence: number & 0xffff }, payload));
    }
  };
  const start = () => {
    const startedAt = performance.now();
    let number = 0;
    return setInterval(() => {
      const due = ((performance.now() - startedAt) / 1_000) * FRAMES_PER_SECOND;
      while (number < due) frame(number++);
    }, 5);
  };
  return { producer, start };
}

async function watch(router: Router, producerId: string, maxRank: number): Promise<void> {
  const { worker } = router;
  for (let i = 0; i < VIEWERS; i++) {
    const [transportId, consumerId] = [`viewer-${i}`, `consumer-${i}`];
    const { id: routerId } = router;
    await worker.request('createDirectTransport', { routerId, transportId });
    const parameters = { payloadType: 120, ssrc: 5, nack: false, extensions: {} };
    await worker.request('consume', { transportId, consumerId, producerId, parameters });
    await worker.request('preferLayers', { consumerId, maxRank, maxTemporal: 7 });
  }
}
