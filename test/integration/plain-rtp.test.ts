import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { CallServerStage, until } from '#support';

const LOCAL = '127.0.0.1';
const MAX_PLAIN = 32;

let stage: CallServerStage;

beforeAll(async () => {
  stage = await CallServerStage.start();
});

afterAll(async () => {
  await stage?.stop();
});

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isAmphiError(error) ? error.code : String(error)),
  );

it('takes a picture from ffmpeg, and gives it to whoever listens, in their terms', async () => {
  const { worker, router } = stage;
  const routerId = router.id;
  const into = await worker.request('createPlainTransport', { routerId, transportId: 'in' });
  await worker.request('produce', {
    transportId: 'in',
    producerId: 'film',
    parameters: {
      kind: 'video',
      mid: '0',
      codec: { name: 'VP8', parameters: {} },
      payloadType: 96,
      nack: false,
      keyFrameRequests: false,
      extensions: {},
      encodings: [{ ssrc: 7 }],
    },
  });
  const listener = createSocket('udp4');
  listener.bind(0, LOCAL);
  await once(listener, 'listening');
  const packets: Buffer[] = [];
  listener.on('message', (packet) => packets.push(packet));
  await worker.request('createPlainTransport', {
    routerId,
    transportId: 'out',
    remote: { address: LOCAL, port: listener.address().port },
  });
  await worker.request('consume', {
    transportId: 'out',
    consumerId: 'listener',
    producerId: 'film',
    parameters: { payloadType: 120, ssrc: 99, nack: false, extensions: {} },
  });
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=size=160x90:rate=25'],
      ...['-c:v', 'libvpx', '-deadline', 'realtime', '-g', '25', '-ssrc', '7'],
      ...['-payload_type', '96', '-f', 'rtp', `rtp://${LOCAL}:${into.port}?rtcpport=${into.port}`],
    ],
    { stdio: 'ignore' },
  );
  const media = () => packets.filter((packet) => ((packet[1] ?? 0) & 0x7f) === 120);
  await until('its picture', () => media().length > 20);
  expect(new Set(media().map((packet) => packet.readUInt32BE(8)))).toEqual(new Set([99]));
  // Somebody else on the same port is not heard.
  const stranger = createSocket('udp4');
  const before = media().length;
  stranger.send(Buffer.from([0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0x10, 0]), into.port, LOCAL);
  await until('more of it', () => media().length > before + 10);
  stranger.close();
  ffmpeg.kill('SIGKILL');
  await once(ffmpeg, 'exit');
  await worker.request('closeTransport', { transportId: 'in' });
  await worker.request('closeTransport', { transportId: 'out' });
  listener.close();
});

it('has so many ports and no more, and gives them back', async () => {
  const { worker, router } = stage;
  const open = (i: number) =>
    codeOf(
      worker.request('createPlainTransport', { routerId: router.id, transportId: `plain-${i}` }),
    );
  for (let i = 0; i < MAX_PLAIN; i++) expect(await open(i)).toBe('no error');
  expect(await open(MAX_PLAIN)).toBe('too_many');
  for (let i = 0; i < MAX_PLAIN; i++) {
    await worker.request('closeTransport', { transportId: `plain-${i}` });
  }
  expect(await open(0)).toBe('no error');
  const taken = { bind: { address: LOCAL, port: stage.port } };
  const input = { routerId: router.id, transportId: 'taken', ...taken };
  expect(await codeOf(worker.request('createPlainTransport', input))).toBe('conflict');
});
