import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAmphiError } from '#base';
import { Router, type Speaker } from '#callserver';
import { type IceCandidate, isRtcp, parseSdp, writeCandidate } from '#protocol';
import {
  CallServerStage,
  connectivityCheck,
  descriptorsOf,
  isStunSuccess,
  rtpPacket,
  until,
} from '#support';

const PRODUCER = {
  kind: 'video',
  mid: '0',
  codec: { name: 'H264', parameters: {} },
  payloadType: 96,
  nack: false,
  extensions: {},
  encodings: [{ ssrc: 7 }],
} as const;

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isAmphiError(error) ? error.code : String(error)),
  );

describe('a call-server worker', () => {
  let stage: CallServerStage;

  beforeAll(async () => {
    stage = await CallServerStage.start();
  });

  afterAll(async () => {
    await stage?.stop();
  });

  it('answers what it cannot do with an error and goes on', async () => {
    const { worker } = stage;
    const transportId = 'nowhere';
    expect(await codeOf(worker.request('transportStats', { transportId }))).toBe('not_found');
    expect(await codeOf(worker.request('createRouter', { routerId: '' }))).toBe('bad_request');
    expect(await codeOf(worker.request('createRouter', { routerId: stage.router.id }))).toBe(
      'conflict',
    );
    const remote = {
      usernameFragment: 'abcd\r\na=x',
      password: '0123456789012345678901',
      fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
    };
    const input = { routerId: stage.router.id, transportId: 't', remote };
    expect(await codeOf(worker.request('createWebRtcTransport', input))).toBe('bad_request');
    expect(await codeOf(worker.request('closeTransport', { transportId }))).toBe('no error');
  });

  it.each([
    ['nothing', '', 'bad_request'],
    ['no session description', 'hello', 'bad_request'],
    ['an offer of nothing', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n', 'not_acceptable'],
  ])('refuses %s as an offer', async (_what, offer, code) => {
    expect(await codeOf(stage.router.publish(offer))).toBe(code);
  });

  it('has nothing to play before somebody publishes', async () => {
    expect(await codeOf(stage.router.play('v=0'))).toBe('not_live');
  });

  it('takes packets in by one direct transport and gives them out by another', async () => {
    const { worker, router } = stage;
    const routerId = router.id;
    const inside = await worker.request('createDirectTransport', { routerId, transportId: 'in' });
    const outside = await worker.request('createDirectTransport', { routerId, transportId: 'out' });
    await worker.request('produce', {
      transportId: 'in',
      producerId: 'camera',
      parameters: { ...PRODUCER, encodings: [...PRODUCER.encodings] },
    });
    const received: Buffer[] = [];
    worker.onPackets(outside.handle, (packet) => received.push(Buffer.from(packet)));
    await worker.request('consume', {
      transportId: 'out',
      consumerId: 'screen',
      producerId: 'camera',
      parameters: { payloadType: 100, ssrc: 9, nack: false, extensions: {} },
    });
    const packet = Buffer.from([0x80, 0xe0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0x65, 1, 2, 3]);
    worker.sendPacket(inside.handle, packet);
    await until('the packet', () => received.length > 0);
    expect(received[0]?.subarray(-4)).toEqual(packet.subarray(-4));
    expect((received[0]?.[1] ?? 0) & 0x7f).toBe(100);
    await worker.request('closeTransport', { transportId: 'in' });
    await worker.request('closeTransport', { transportId: 'out' });
  });

  it('shows who joins the last key frame and what followed, of a sender that cannot be asked', async () => {
    const { worker, router } = stage;
    const routerId = router.id;
    const [inside, outside] = await Promise.all(
      ['in', 'out'].map((transportId) =>
        worker.request('createDirectTransport', { routerId, transportId }),
      ),
    );
    const encodings = [...PRODUCER.encodings];
    await worker.request('produce', {
      transportId: 'in',
      producerId: 'encoder',
      parameters: { ...PRODUCER, keyFrameRequests: false, encodings },
    });
    const slice = (sequence: number, key: boolean) =>
      rtpPacket(
        { payloadType: 96, ssrc: 7, sequence, timestamp: sequence * 3_000, marker: true },
        Buffer.from([key ? 0x65 : 0x41, 1, 2, sequence]),
      );
    for (let i = 0; i < 60; i++) worker.sendPacket(inside!.handle, slice(i, i === 10));
    const received: Buffer[] = [];
    worker.onPackets(outside!.handle, (packet) => {
      if (!isRtcp(packet)) received.push(Buffer.from(packet));
    });
    await worker.request('consume', {
      transportId: 'out',
      consumerId: 'screen',
      producerId: 'encoder',
      parameters: { payloadType: 100, ssrc: 9, nack: false, fastJoin: true, extensions: {} },
    });
    await until('fifty packets', () => received.length === 50);
    expect(received.map((packet) => packet.at(-1))).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 10),
    );
    await worker.request('closeTransport', { transportId: 'in' });
    await worker.request('closeTransport', { transportId: 'out' });
  });

  it('tells who speaks', async () => {
    const { worker } = stage;
    const router = await Router.create(worker, { topSpeakers: 2 });
    const transportId = 'microphones';
    const { handle } = await worker.request('createDirectTransport', {
      routerId: router.id,
      transportId,
    });
    for (const [i, producerId] of ['ada', 'ben'].entries()) {
      await worker.request('produce', {
        transportId,
        producerId,
        parameters: {
          ...PRODUCER,
          kind: 'audio',
          mid: String(i),
          codec: { name: 'opus', parameters: {} },
          payloadType: 111 + i,
          extensions: { audioLevel: 1 },
          encodings: [{ ssrc: 70 + i }],
        },
      });
    }
    let speaking: readonly Speaker[] = [];
    router.on('speakers', (speakers) => {
      speaking = speakers;
    });
    let sequence = 0;
    await until(
      'a speaker',
      () => {
        sequence++;
        for (const [i, level] of [30, 90].entries()) {
          const fields = {
            payloadType: 111 + i,
            ssrc: 70 + i,
            sequence,
            timestamp: sequence * 960,
          };
          worker.sendPacket(
            handle,
            rtpPacket({ ...fields, extensions: { 1: [level] } }, Buffer.alloc(20)),
          );
        }
        return speaking.some(({ dominant }) => dominant);
      },
      5_000,
      20,
    );
    expect(speaking).toMatchObject([{ producerId: 'ada', dominant: true }]);
    await router.close();
  });

  it('opens and closes transports without keeping anything of them', async () => {
    const { worker, router } = stage;
    const remote = {
      usernameFragment: 'abcd',
      password: '0123456789012345678901',
      fingerprint: { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') },
    };
    const pid = worker.pid ?? 0;
    const openAndClose = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const transportId = `peer-${i}`;
        await worker.request('createWebRtcTransport', { routerId: router.id, transportId, remote });
        await worker.request('closeTransport', { transportId });
      }
    };
    await openAndClose(20);
    const before = descriptorsOf(pid);
    await openAndClose(100);
    expect(descriptorsOf(pid)).toBeLessThanOrEqual(before + 5);
  });

  it('has its port to itself', async () => {
    const port = stage.port;
    expect(await codeOf(CallServerStage.start({ port }))).toBe('conflict');
  });
});

describe('a worker that is killed', () => {
  it('ends its sessions and rejects what was asked of it', async () => {
    const stage = await CallServerStage.start();
    let closed = false;
    stage.worker.on('closed', () => {
      closed = true;
    });
    process.kill(stage.worker.pid ?? 0, 'SIGKILL');
    expect(await codeOf(stage.worker.request('transportStats', { transportId: 'x' }))).toBe(
      'closed',
    );
    await until('the end', () => closed);
    expect(await codeOf(stage.worker.request('createRouter', { routerId: 'r' }))).toBe('closed');
    await stage.stop();
  });
});

describe('a session as a resource of HTTP', () => {
  const OFFER = readFileSync(new URL('../fixtures/sdp/chromium-whip.sdp', import.meta.url), 'utf8');
  const SDP = { 'content-type': 'application/sdp' };
  let stage: CallServerStage;

  beforeAll(async () => {
    stage = await CallServerStage.start();
  });

  afterAll(async () => {
    await stage?.stop();
  });

  const post = (body: string, headers: Record<string, string> = SDP) =>
    fetch(`${stage.base}/whip`, { method: 'POST', headers, body });
  const FRAGMENT = 'a=ice-ufrag:b7mF\r\na=ice-pwd:UNlTQ7ga4fCyhltKIePO5Tp6\r\n';

  it('is made by an offer, takes trickled candidates, and ends when it is deleted', async () => {
    const made = await post(OFFER);
    expect(made.status).toBe(201);
    expect(made.headers.get('content-type')).toBe('application/sdp');
    expect(made.headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    expect(parseSdp(await made.text()).media).toHaveLength(2);
    const resource = `${stage.base}${made.headers.get('location')}`;
    const etag = made.headers.get('etag') ?? '';
    const patch = async (
      ifMatch: string | undefined,
      body: string,
      type = 'trickle-ice-sdpfrag',
    ) => {
      const headers = {
        'content-type': `application/${type}`,
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      };
      return (await fetch(resource, { method: 'PATCH', headers, body })).status;
    };
    expect(await patch(etag, FRAGMENT)).toBe(204);
    expect(await patch(undefined, FRAGMENT)).toBe(428);
    expect(await patch('"another"', FRAGMENT)).toBe(412);
    expect(await patch(etag, 'nothing')).toBe(400);
    expect(await patch(etag, FRAGMENT, 'json')).toBe(415);
    expect(await patch('*', FRAGMENT.replace('b7mF', 'anew'))).toBe(422);
    expect((await fetch(resource)).status).toBe(405);
    expect(stage.sessions.size).toBe(1);
    expect((await fetch(resource, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(resource, { method: 'DELETE' })).status).toBe(404);
    expect(stage.sessions.size).toBe(0);
    expect(stage.router.producers).toEqual([]);
  });

  it('restarts ICE for a client that begins a new DTLS association', async () => {
    const made = await post(OFFER);
    const first = parseSdp(await made.text()).media[0];
    const resource = `${stage.base}${made.headers.get('location')}`;
    const patch = (ifMatch: string, body: string) =>
      fetch(resource, {
        method: 'PATCH',
        headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': ifMatch },
        body,
      });
    const fingerprint = /a=fingerprint:.*/.exec(OFFER)?.[0];
    const anew = FRAGMENT.replace('b7mF', 'anew');
    const restarted = await patch('*', `${anew}${fingerprint}\r\na=mid:0\r\n`);
    expect(restarted.status).toBe(200);
    const ours = await restarted.text();
    expect(ours).toMatch(/^a=ice-ufrag:.*\r\na=ice-pwd:.*\r\na=fingerprint:.*\r\n/);
    expect(ours).not.toContain(`a=ice-ufrag:${first?.ice?.usernameFragment}\r\n`);
    expect(ours).toContain(`a=candidate:${writeCandidate(first?.candidates[0] as IceCandidate)}`);
    // What is trickled now belongs to the session after the restart.
    expect((await patch(made.headers.get('etag') ?? '', anew)).status).toBe(412);
    expect((await patch(restarted.headers.get('etag') ?? '', anew)).status).toBe(204);
    expect(stage.sessions.size).toBe(1);
    await fetch(resource, { method: 'DELETE' });
    const { peers } = await stage.worker.request('workerStats', {});
    expect(peers).toBe(0);
  });

  it('hears after a restart of a peer whose first checks were by the old name', async () => {
    const made = await post(OFFER);
    const before = parseSdp(await made.text()).media[0]?.ice;
    const resource = `${stage.base}${made.headers.get('location')}`;
    const way = createSocket('udp4');
    let isHeard = false;
    way.on('message', (bytes) => {
      isHeard ||= isStunSuccess(bytes);
    });
    const check = (ice: { usernameFragment: string; password: string } | undefined) => {
      const bytes = connectivityCheck({
        localFragment: 'anew',
        remoteFragment: ice?.usernameFragment ?? '',
        remotePassword: ice?.password ?? '',
      });
      return new Promise((resolve) => way.send(bytes, stage.port, '127.0.0.1', resolve));
    };
    // As Chromium does, which knows its own new name before it hears ours.
    await check(before);
    const fingerprint = /a=fingerprint:.*/.exec(OFFER)?.[0];
    const restarted = await fetch(resource, {
      method: 'PATCH',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
      body: `${FRAGMENT.replace('b7mF', 'anew')}${fingerprint}\r\na=mid:0\r\n`,
    });
    const ours = await restarted.text();
    const after = {
      usernameFragment: /ice-ufrag:(.*)\r/.exec(ours)?.[1] ?? '',
      password: /ice-pwd:(.*)\r/.exec(ours)?.[1] ?? '',
    };
    await until('an answer', async () => {
      if (!isHeard) await check(after);
      return isHeard;
    });
    way.close();
    await fetch(resource, { method: 'DELETE' });
  });

  it.each([
    ['another type of body', OFFER, { 'content-type': 'application/json' }, 415],
    ['a body that is too large', `${OFFER}${'a=x\n'.repeat(100_000)}`, SDP, 413],
    ['what is no offer', 'hello', SDP, 400],
    ['an offer to receive only', OFFER.replaceAll('sendonly', 'recvonly'), SDP, 406],
  ])('refuses %s', async (_what, body, headers, status) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('says to a page of another site what it may do', async () => {
    const answer = await fetch(`${stage.base}/whip`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('accept-post')).toBe('application/sdp');
    expect(answer.headers.get('access-control-allow-methods')).toContain('PATCH');
  });
});
