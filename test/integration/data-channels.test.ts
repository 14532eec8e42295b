import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DataPipe,
  type PublishedDataProducer,
  type ReceivingSession,
  Router,
  type SendingSession,
} from '#callserver';
import { CallServerStage, rtpPacket, until, vp8Payload } from '#support';
import { DataPeer } from './data-peer.ts';

const SSRC = 4_711;
const MAX_MESSAGE_BYTES = 64 * 1024;
const CHANNELS = { chat: { ordered: true }, pointer: { ordered: false, maxRetransmits: 0 } };

let stage: CallServerStage;
let router: Router;
const peers: DataPeer[] = [];
const faults: string[] = [];

beforeAll(async () => {
  stage = await CallServerStage.start();
  stage.worker.on('notice', (notice) => {
    if (notice.notice === 'fault') faults.push(notice.message);
  });
});

beforeEach(async () => {
  router = await Router.create(stage.worker);
});

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await router.close();
  expect(faults.splice(0)).toEqual([]);
});

afterAll(() => stage?.stop());

/** Somebody who sends, and may open channels. */
async function sender(): Promise<{ peer: DataPeer; session: SendingSession }> {
  const peer = new DataPeer(`ann-${peers.length}`, 'SendOnly', SSRC);
  peers.push(peer);
  peer.associate();
  const session = await router.publish(await peer.offer(), {
    several: true,
    codecs: ['VP8'],
    dataChannels: CHANNELS,
  });
  // One that takes no notice of what it is told.
  peer.accept(session.answer.replace(/max-message-size:\d+/, 'max-message-size:262144'));
  await until('the connection', () => peer.state === 'connected' && session.connected);
  return { peer, session };
}

/** Somebody who receives. */
async function receiver(of = router): Promise<{ peer: DataPeer; session: ReceivingSession }> {
  const peer = new DataPeer(`bob-${peers.length}`, 'RecvOnly');
  peers.push(peer);
  peer.associate();
  const { session } = await of.receive(await peer.offer(), [], { withData: true });
  peer.accept(session.answer);
  await until('the connection', () => peer.state === 'connected' && session.connected);
  return { peer, session };
}

const published = (label: string): Promise<PublishedDataProducer> =>
  until(`the channel ${label}`, () =>
    [...router.publishedData.values()].find(({ parameters }) => parameters.label === label),
  );

describe('data channels', () => {
  it('go from one peer to the others and to the owner, text and bytes', async () => {
    const [ann, bob] = [await sender(), await receiver()];
    const line = ann.peer.open('pointer', { ordered: false, maxRetransmits: 0, protocol: 'v1' });
    const producer = await published('pointer');
    expect(producer).toMatchObject({
      sessionId: ann.session.id,
      parameters: { label: 'pointer', protocol: 'v1', ordered: false, maxRetransmits: 0 },
      piped: false,
    });
    const { dataProducerId } = producer;
    await bob.session.data.consume(dataProducerId, { label: 'pointer', protocol: 'ann' });
    const heard: unknown[] = [];
    const tap = await router.tapData(dataProducerId);
    tap.on('message', (message) =>
      heard.push(typeof message === 'string' ? message : [...message]),
    );
    const [his] = await until(
      'his end',
      () => bob.peer.received.some((one) => one.open) && bob.peer.received,
    );
    expect(his).toMatchObject({ label: 'pointer', protocol: 'ann' });
    await until('both kinds', () => {
      // Until his end has agreed to it, nothing comes.
      if (his?.messages.length === 0) line.send('å');
      else if (his?.messages.at(-1) === 'å') line.send(Buffer.from([1, 2, 3]));
      return his?.messages.some((message) => typeof message !== 'string');
    });
    expect(his?.messages.at(-1)).toEqual(Buffer.from([1, 2, 3]));
    await until('the same for the owner', () => heard.length >= 2);
    expect(heard).toContain('å');
    expect(heard).toContainEqual([1, 2, 3]);
    const { data } = await bob.session.stats();
    expect(data?.consumers[0]).toMatchObject({ dataProducerId, dropped: 0 });
    expect((await ann.session.stats()).data?.producers[0]?.messages).toBeGreaterThanOrEqual(2);
    line.close();
    await until('its end', () => his?.closed && router.publishedData.size === 0);
    expect(bob.session.data.producers).toEqual([]);
  });

  it('leave every media packet of their transport where it belongs', async () => {
    const { peer, session } = await sender();
    const line = peer.open('chat');
    await published('chat');
    const count = 60;
    for (let i = 0; i < count; i++) {
      // One that is described, and others that nobody knows: all come by the one track.
      for (const ssrc of [SSRC, 99, 100 + i]) {
        const fields = { payloadType: ssrc === SSRC ? 96 : 50, ssrc, sequence: i };
        peer.track.sendMessageBinary(rtpPacket(fields, vp8Payload(i, i === 0, 200)));
      }
      line.send(`message ${i}`);
    }
    const stats = await until('all of them', async () => {
      const now = await session.stats();
      const [stream] = now.producers[0]?.streams ?? [];
      return stream?.packets === count && now.refused === 2 * count && now;
    });
    expect(stats.data?.producers).toMatchObject([{ messages: count, dropped: 0 }]);
  });

  it('bring packets and messages to who receives both', async () => {
    const [ann, bob] = [await sender(), await receiver()];
    const [producer] = ann.session.producers;
    const offer = bob.peer.connection.localDescription()?.sdp ?? '';
    const { sections } = await bob.session.renegotiate(offer, [producer?.producerId ?? '']);
    expect(sections).toHaveLength(1);
    const line = ann.peer.open('chat');
    await bob.session.data.consume((await published('chat')).dataProducerId);
    let sequence = 0;
    await until('both', () => {
      const fields = { payloadType: 96, ssrc: SSRC, sequence: sequence++ };
      ann.peer.track.sendMessageBinary(rtpPacket(fields, vp8Payload(sequence, true, 300)));
      line.send('x');
      return bob.peer.packets.length > 10 && (bob.peer.received[0]?.messages.length ?? 0) > 0;
    });
  });

  it('end when a message that has to arrive is too large', async () => {
    const [ann, bob] = [await sender(), await receiver()];
    const line = ann.peer.open('chat');
    await bob.session.data.consume((await published('chat')).dataProducerId);
    await until('both ends', () => bob.peer.received[0]?.open);
    line.send(Buffer.alloc(MAX_MESSAGE_BYTES, 7));
    const his = bob.peer.received[0]!;
    const [whole] = await until('the largest', () => his.messages.length > 0 && his.messages);
    expect(whole).toHaveLength(MAX_MESSAGE_BYTES);
    expect(his.closed).toBe(false);
    line.send(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
    await until('its end', () => line.closed && his.closed);
    expect(ann.peer.state).toBe('connected');
  });

  it('that nobody asked for are closed, however much is said in them', async () => {
    const { peer, session } = await sender();
    const line = peer.open('chat');
    const tap = await router.tapData((await published('chat')).dataProducerId);
    let heard = false;
    tap.on('message', () => {
      heard = true;
    });
    const strange = peer.open('files');
    // More than the native side keeps for somebody who does not listen.
    for (let i = 0; i < 3_000; i++) if (!strange.trySend('x')) break;
    await until('its end', async () => (await session.stats()).data?.refused === 1);
    line.send('still here');
    await until('a message', () => heard);
    expect((await session.stats()).data).toMatchObject({ refused: 1 });
  });

  it('are not there for a peer that was not offered any', async () => {
    const peer = new DataPeer('plain', 'SendOnly', SSRC);
    peers.push(peer);
    peer.associate();
    const session = await router.publish(await peer.offer());
    expect(session.answer).toMatch(/^m=application 0 /m);
    peer.accept(session.answer);
    await until('the connection', () => session.connected);
    expect((await session.stats()).data).toBeUndefined();
  });

  it('bring what the owner says, and end with who receives', async () => {
    const bob = await receiver();
    const feed = await router.feedData({ label: 'news', protocol: '', ordered: true });
    const { dataProducerId } = feed;
    await bob.session.data.consume(dataProducerId);
    const his = await until('his end', () => bob.peer.received.find(({ open }) => open));
    await until('a message', () => {
      feed.send('hello');
      return his.messages.length > 0;
    });
    const closed: unknown[] = [];
    bob.session.on('dataClosed', (...what) => closed.push(what));
    his.close();
    await until('its end', () => closed.length > 0);
    expect(closed).toEqual([[dataProducerId, 'peer']]);
    await feed.close();
    await until('the end of the feed', () => router.publishedData.size === 0);
  });

  it('end with who opened them', async () => {
    const [ann, bob] = [await sender(), await receiver()];
    ann.peer.open('chat');
    await bob.session.data.consume((await published('chat')).dataProducerId);
    await until('both ends', () => bob.peer.received[0]?.open);
    await ann.session.close();
    await until('their end', () => bob.peer.received[0]?.closed && router.publishedData.size === 0);
  });

  it('reach those in another worker, by way of the owner', async () => {
    const far = await CallServerStage.start();
    try {
      const [ann, bob] = [await sender(), await receiver(far.router)];
      const line = ann.peer.open('chat');
      const producer = await published('chat');
      const pipe = await DataPipe.open(router, far.router, producer);
      const { dataProducerId } = producer;
      expect(far.router.publishedData.get(dataProducerId)).toMatchObject({
        piped: true,
        sessionId: ann.session.id,
      });
      await bob.session.data.consume(dataProducerId);
      const his = await until('his end', () => bob.peer.received.find(({ open }) => open));
      await until('a message', () => {
        line.send(Buffer.from('far'));
        return his.messages.length > 0;
      });
      expect(String(his.messages[0])).toBe('far');
      let closed = false;
      pipe.on('closed', () => {
        closed = true;
      });
      line.close();
      await until('the end', () => closed && his.closed && far.router.publishedData.size === 0);
    } finally {
      await far.stop();
    }
  });
});
