import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { Pipe, type PublishedProducer, Router } from '#callserver';
import { CallServerStage, rtpPacket, until, vp8Payload } from '#support';

const SECRET = 'what only the owners of both ends know';
const SSRCS = [100, 101];
const VIEWER = { payloadType: 120, nack: true, extensions: {} };

let near: CallServerStage;
let far: CallServerStage;
let from: Router;
let to: Router;
let camera: PublishedProducer;
/** Sends one frame of each stream. */
let film: NodeJS.Timeout;

beforeAll(async () => {
  [near, far] = await Promise.all([CallServerStage.start(), CallServerStage.start()]);
});

afterAll(async () => {
  clearInterval(film);
  await Promise.all([near?.stop(), far?.stop()]);
});

beforeEach(async () => {
  clearInterval(film);
  [from, to] = await Promise.all([Router.create(near.worker), Router.create(far.worker)]);
  camera = {
    producerId: `camera-${from.id}`,
    sessionId: 'ann',
    mid: '0',
    label: 'camera',
    streamId: 'ann',
    piped: false,
    parameters: {
      kind: 'video',
      mid: '0',
      codec: { name: 'VP8', parameters: {} },
      payloadType: 96,
      nack: true,
      extensions: {},
      encodings: SSRCS.map((ssrc) => ({ ssrc })),
    },
  };
  from.published.set(camera.producerId, camera);
  const transportId = `in-${from.id}`;
  const { handle } = await near.worker.request('createDirectTransport', {
    routerId: from.id,
    transportId,
  });
  const { producerId, parameters } = camera;
  await near.worker.request('produce', { transportId, producerId, parameters });
  let number = 0;
  film = setInterval(() => {
    number++;
    for (const ssrc of SSRCS) {
      near.worker.sendPacket(
        handle,
        rtpPacket(
          { payloadType: 96, ssrc, sequence: number, timestamp: number * 1_800, marker: true },
          vp8Payload(number, number % 10 === 1, 400),
        ),
      );
    }
  }, 20);
});

/** A viewer at the far end, and the numbers of what it got. */
async function watch(name: string): Promise<{ numbers: number[]; leave(): Promise<void> }> {
  const { worker } = far;
  const transportId = `${name}-${to.id}`;
  const { handle } = await worker.request('createDirectTransport', {
    routerId: to.id,
    transportId,
  });
  const numbers: number[] = [];
  worker.onPackets(handle, (packet) => {
    if (((packet[1] ?? 0) & 0x7f) === VIEWER.payloadType) numbers.push(packet.readUInt16BE(2));
  });
  await worker.request('consume', {
    transportId,
    consumerId: `c-${transportId}`,
    producerId: camera.producerId,
    parameters: { ...VIEWER, ssrc: 5 },
  });
  return { numbers, leave: () => worker.closeTransport(transportId) };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isAmphiError(error) ? error.code : String(error)),
  );

describe.each([
  ['in the clear on one machine', {}],
  ['sealed', { secret: SECRET }],
])('a pipe %s', (_how, options) => {
  it('carries a producer to the viewers of another worker', async () => {
    const pipe = await Pipe.open(from, to, options);
    await pipe.carry(camera);
    expect(to.published.get(camera.producerId)).toMatchObject({ label: 'camera', piped: true });
    const [one, two] = [await watch('one'), await watch('two')];
    await until('pictures', () => one.numbers.length >= 40 && two.numbers.length >= 40);
    for (const { numbers } of [one, two]) {
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    }
    await pipe.close();
    expect(to.published.size).toBe(0);
  });
});

describe('a pipe', () => {
  it('ends a producer at its far end when it ends at the near one', async () => {
    const pipe = await Pipe.open(from, to);
    await pipe.carry(camera);
    await near.worker.request('closeProducer', { producerId: camera.producerId });
    from.unpublish(camera.producerId);
    await until('its end at the far end', () => to.published.size === 0);
    const parameters = { ...VIEWER, ssrc: 5 };
    const late = async () => {
      const transportId = `late-${to.id}`;
      await far.worker.request('createDirectTransport', { routerId: to.id, transportId });
      const { producerId } = camera;
      await far.worker.request('consume', {
        transportId,
        consumerId: 'late',
        producerId,
        parameters,
      });
    };
    await until('the end', async () => (await codeOf(late())) !== 'no error');
    expect(await codeOf(pipe.carry(camera))).toBe('not_found');
    await pipe.close();
  });

  it('is refused without a secret between machines, and after its end', async () => {
    const transportId = `end-${from.id}`;
    const end = await near.worker.request('createPipeTransport', {
      routerId: from.id,
      transportId,
    });
    const elsewhere = { ...end, address: '192.0.2.1' };
    const connect = (secret?: string) =>
      codeOf(
        near.worker.request('connectPipeTransport', {
          transportId,
          remote: elsewhere,
          ...(secret === undefined ? {} : { secret }),
        }),
      );
    expect(await connect()).toBe('forbidden');
    expect(await connect(SECRET)).toBe('no error');
    const pipe = await Pipe.open(from, to);
    await pipe.close();
    expect(await codeOf(pipe.carry(camera))).toBe('closed');
  });

  it('ends with the worker at either end', async () => {
    const lone = await CallServerStage.start();
    const pipe = await Pipe.open(from, lone.router);
    await pipe.carry(camera);
    let closed = false;
    pipe.on('closed', () => {
      closed = true;
    });
    process.kill(lone.worker.pid ?? 0, 'SIGKILL');
    await until('the end', () => closed);
    await lone.stop();
  });
});
