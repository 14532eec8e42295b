import { describe, expect, it } from 'vitest';
import type { DataChannelParameters, DataMessage, Reliability } from '../data-parameters.ts';
import { MAX_LABEL_BYTES, MAX_MESSAGE_BYTES } from '../data-parameters.ts';
import {
  DataConsumer,
  type DataSink,
  MAX_BUFFERED_BYTES,
  MAX_BUFFERED_UNRELIABLE_BYTES,
} from './data-consumer.ts';
import { DataPlane, MAX_CHANNELS, type OwnChannel, type PeerChannel } from './data-plane.ts';
import { DataProducer } from './data-producer.ts';
import { MAX_BYTES_PER_SECOND, MAX_MESSAGES_PER_SECOND } from './data-rate.ts';
import { MAX_OPENINGS } from './opening-rate.ts';

const RELIABLE: Reliability = { ordered: true };
const UNRELIABLE: Reliability = { ordered: false, maxRetransmits: 0 };

const named = (reliability: Reliability): DataChannelParameters => ({
  ...reliability,
  label: 'chat',
  protocol: '',
});

/** A way out that keeps what it is given. */
class Kept implements DataSink {
  open = true;
  bufferedAmount = 0;
  closed = false;
  takes = true;
  readonly messages: DataMessage[] = [];

  send(message: DataMessage): boolean {
    if (this.takes) this.messages.push(message);
    return this.takes;
  }

  close(): void {
    this.closed = true;
  }
}

function pair(reliability: Reliability) {
  const producer = new DataProducer('p', named(reliability));
  const sink = new Kept();
  const overflowed: string[] = [];
  const consumer = new DataConsumer('c', producer, sink, ({ id }) => overflowed.push(id));
  return { producer, consumer, sink, overflowed };
}

describe('a data producer', () => {
  it('passes text and bytes on to everybody, empty messages too', () => {
    const { producer, sink, consumer } = pair(RELIABLE);
    const other = new Kept();
    new DataConsumer('d', producer, other, () => {});
    const bytes = Buffer.from([1, 2, 3]);
    for (const message of ['å', '', bytes]) expect(producer.receive(message, 0)).toBeUndefined();
    expect(sink.messages).toEqual(['å', '', bytes]);
    expect(other.messages).toEqual(sink.messages);
    expect(producer).toMatchObject({ messages: 3, octets: 5, dropped: 0 });
    expect(consumer).toMatchObject({ messages: 3, octets: 5, dropped: 0 });
  });

  it.each([
    ['text', (size: number) => 'x'.repeat(size)],
    ['bytes', (size: number) => Buffer.alloc(size)],
  ])(`takes ${MAX_MESSAGE_BYTES} bytes of %s in a message, and not one more`, (_what, of) => {
    const { producer, sink } = pair(UNRELIABLE);
    expect(producer.receive(of(MAX_MESSAGE_BYTES), 0)).toBeUndefined();
    expect(producer).toMatchObject({ messages: 1, dropped: 0 });
    expect(producer.receive(of(MAX_MESSAGE_BYTES + 1), 0)).toBeUndefined();
    expect(producer).toMatchObject({ messages: 1, dropped: 1 });
    expect(sink.messages).toHaveLength(1);
    // One that may lose nothing is of no use any more.
    const reliable = new DataProducer('r', named(RELIABLE));
    expect(reliable.receive(of(MAX_MESSAGE_BYTES), 0)).toBeUndefined();
    expect(reliable.receive(of(MAX_MESSAGE_BYTES + 1), 0)).toBe('message_size');
  });

  it(`passes on ${MAX_MESSAGES_PER_SECOND} messages a second`, () => {
    const { producer } = pair(UNRELIABLE);
    for (let i = 0; i < MAX_MESSAGES_PER_SECOND; i++) producer.receive('x', 500);
    expect(producer.dropped).toBe(0);
    expect(producer.receive('x', 1_499)).toBeUndefined();
    expect(producer.dropped).toBe(1);
    producer.receive('x', 1_500);
    expect(producer).toMatchObject({ messages: MAX_MESSAGES_PER_SECOND + 1, dropped: 1 });
    const reliable = new DataProducer('r', named(RELIABLE));
    for (let i = 0; i < MAX_MESSAGES_PER_SECOND; i++) {
      expect(reliable.receive('x', 0)).toBeUndefined();
    }
    expect(reliable.receive('x', 0)).toBe('flood');
  });

  it(`passes on ${MAX_BYTES_PER_SECOND} bytes a second`, () => {
    const { producer } = pair(UNRELIABLE);
    const count = MAX_BYTES_PER_SECOND / MAX_MESSAGE_BYTES;
    for (let i = 0; i < count; i++) producer.receive(Buffer.alloc(MAX_MESSAGE_BYTES), 0);
    expect(producer).toMatchObject({ octets: MAX_BYTES_PER_SECOND, dropped: 0 });
    producer.receive('x', 999);
    expect(producer.dropped).toBe(1);
    producer.receive('x', 1_000);
    expect(producer.dropped).toBe(1);
  });

  it('ends when it floods, however little its messages matter', () => {
    const { producer } = pair(UNRELIABLE);
    const most = 8 * MAX_MESSAGES_PER_SECOND;
    for (let i = 0; i < most; i++) expect(producer.receive('x', 0)).toBeUndefined();
    expect(producer.receive('x', 0)).toBe('flood');
  });
});

describe('a data consumer', () => {
  it.each([
    ['that may lose messages drops them', UNRELIABLE, MAX_BUFFERED_UNRELIABLE_BYTES, 0],
    ['that may not is given up', RELIABLE, MAX_BUFFERED_BYTES, 1],
  ])('%s beyond what may wait', (_what, reliability, most, given) => {
    const { producer, consumer, sink, overflowed } = pair(reliability);
    sink.bufferedAmount = most - 10;
    producer.receive('x'.repeat(10), 0);
    expect(consumer).toMatchObject({ messages: 1, dropped: 0 });
    producer.receive('x'.repeat(11), 0);
    expect(consumer).toMatchObject({ messages: 1, dropped: 1 });
    expect(overflowed).toHaveLength(given);
  });

  it('is given nothing before its channel is open', () => {
    const { producer, consumer, sink } = pair(RELIABLE);
    sink.open = false;
    producer.receive('early', 0);
    sink.open = true;
    producer.receive('now', 0);
    expect(sink.messages).toEqual(['now']);
    expect(consumer.dropped).toBe(0);
  });
});

/** A channel that a peer has opened, as the native side would have it. */
class Opened implements PeerChannel {
  readonly label: string;
  readonly protocol = 'v1';
  closed = false;
  say: (message: DataMessage) => void = () => {};
  end: () => void = () => {};

  constructor(label: string) {
    this.label = label;
  }

  listen(onMessage: (message: DataMessage) => void, onClosed: () => void): void {
    this.say = onMessage;
    this.end = onClosed;
  }

  close(): void {
    this.closed = true;
  }
}

class Own extends Kept implements OwnChannel {
  end: () => void = () => {};
  readonly parameters: DataChannelParameters;

  constructor(parameters: DataChannelParameters) {
    super();
    this.parameters = parameters;
  }

  onClosed(closed: () => void): void {
    this.end = closed;
  }
}

function rig() {
  const notices: Record<string, unknown>[] = [];
  const given: [number, DataMessage][] = [];
  let nowMs = 0;
  const plane = new DataPlane({
    notify: (notice) => notices.push(notice),
    send: (handle, message) => given.push([handle, message]) > 0,
    nowMs: () => nowMs,
  });
  const router = { id: 'room', dataProducers: new Map<string, DataProducer>() };
  const own: Own[] = [];
  const rules = { chat: RELIABLE, pointer: UNRELIABLE };
  const open = (parameters: DataChannelParameters) => {
    const channel = new Own(parameters);
    own.push(channel);
    return channel;
  };
  plane.attach('ann', router, { rules, open });
  plane.attach('bob', router, { rules, open });
  plane.attach('owner', router);
  const opened = (label: string, transportId = 'ann') => {
    const channel = new Opened(label);
    plane.peerOpened(transportId, channel);
    return channel;
  };
  return {
    plane,
    notices,
    given,
    own,
    opened,
    router,
    pass: (ms: number) => {
      nowMs += ms;
    },
    latest: () => String(notices.at(-1)?.['dataProducerId']),
  };
}

const codeOf = (call: () => unknown): string => {
  try {
    call();
    return 'no error';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the data channels of a worker', () => {
  it('carry what a peer says to another one and to the owner, as its rule has it', () => {
    const { plane, notices, own, opened, given, latest } = rig();
    const channel = opened('pointer');
    expect(notices).toEqual([
      {
        notice: 'dataProducerOpened',
        routerId: 'room',
        transportId: 'ann',
        dataProducerId: expect.any(String),
        parameters: { label: 'pointer', protocol: 'v1', ordered: false, maxRetransmits: 0 },
      },
    ]);
    const dataProducerId = latest();
    const consume = (transportId: string, dataConsumerId: string, name?: object) =>
      plane.consume({ transportId, dataConsumerId, dataProducerId, ...name });
    expect(consume('bob', 'to-bob', { name: { label: 'pointer', protocol: 'ann' } })).toEqual({});
    const { handle = 0 } = consume('owner', 'to-owner');
    expect(own[0]?.parameters).toEqual({
      label: 'pointer',
      protocol: 'ann',
      ordered: false,
      maxRetransmits: 0,
    });
    channel.say('here');
    expect(own[0]?.messages).toEqual(['here']);
    expect(given).toEqual([[handle, 'here']]);
    expect(plane.stats('ann')?.producers).toMatchObject([{ messages: 1, octets: 4, dropped: 0 }]);
    expect(plane.stats('bob')?.consumers).toMatchObject([{ dataProducerId, messages: 1 }]);
    expect(codeOf(() => consume('bob', 'to-bob'))).toBe('conflict');
    expect(codeOf(() => consume('nobody', 'x'))).toBe('not_found');
    channel.end();
    expect(own[0]?.closed).toBe(true);
    expect(notices.slice(1)).toMatchObject([
      { notice: 'dataConsumerClosed', dataConsumerId: 'to-bob', reason: 'producer' },
      { notice: 'dataConsumerClosed', dataConsumerId: 'to-owner', reason: 'producer' },
      { notice: 'dataProducerClosed', dataProducerId, reason: 'peer' },
    ]);
    expect(codeOf(() => consume('bob', 'late'))).toBe('not_found');
  });

  it('are closed at once where no rule has them', () => {
    const { plane, notices, opened } = rig();
    for (const label of ['files', '__proto__', 'x'.repeat(MAX_LABEL_BYTES + 1)]) {
      expect(opened(label).closed).toBe(true);
    }
    expect(opened('chat', 'nobody').closed).toBe(true);
    expect(notices).toEqual([]);
    expect(plane.stats('ann')).toMatchObject({ refused: 3, producers: [] });
  });

  it(`have labels of ${MAX_LABEL_BYTES} bytes at most`, () => {
    const { plane, router, notices } = rig();
    plane.attach('any', router, { rules: undefined, open: (parameters) => new Own(parameters) });
    const open = (label: string) => {
      const channel = new Opened(label);
      plane.peerOpened('any', channel);
      return channel.closed;
    };
    expect(open('å'.repeat(MAX_LABEL_BYTES / 2))).toBe(false);
    expect(open(`x${'å'.repeat(MAX_LABEL_BYTES / 2)}`)).toBe(true);
    expect(notices).toMatchObject([{ parameters: { ordered: true } }]);
  });

  it(`are ${MAX_CHANNELS} on a transport, both ways together`, () => {
    const { plane, opened, latest } = rig();
    for (let i = 0; i < MAX_CHANNELS - 1; i++) expect(opened('chat', 'bob').closed).toBe(false);
    opened('chat', 'ann');
    const dataProducerId = latest();
    const consume = (dataConsumerId: string) =>
      codeOf(() => plane.consume({ transportId: 'bob', dataConsumerId, dataProducerId }));
    expect(consume('last')).toBe('no error');
    expect(consume('more')).toBe('too_many');
    expect(opened('chat', 'bob').closed).toBe(true);
    plane.closeConsumer('last');
    expect(opened('chat', 'bob').closed).toBe(false);
  });

  it(`are opened ${MAX_OPENINGS} times a minute at most`, () => {
    const { opened, pass } = rig();
    for (let i = 0; i < MAX_OPENINGS; i++) {
      const channel = opened('chat');
      expect(channel.closed).toBe(false);
      channel.end();
    }
    pass(59_999);
    expect(opened('chat').closed).toBe(true);
    pass(1);
    expect(opened('chat').closed).toBe(false);
  });

  it('end when they say too much or too large, and the owner hears why', () => {
    const { notices, opened } = rig();
    const channel = opened('chat');
    channel.say('x'.repeat(MAX_MESSAGE_BYTES + 1));
    expect(channel.closed).toBe(true);
    expect(notices.at(-1)).toMatchObject({ notice: 'dataProducerClosed', reason: 'message_size' });
    const pointer = opened('pointer');
    for (let i = 0; i < 8 * MAX_MESSAGES_PER_SECOND; i++) pointer.say('x');
    expect(pointer.closed).toBe(false);
    pointer.say('x');
    expect(notices.at(-1)).toMatchObject({ notice: 'dataProducerClosed', reason: 'flood' });
  });

  it('towards a receiver that is too slow end, and towards the others go on', () => {
    const { plane, notices, own, opened, latest } = rig();
    const channel = opened('chat');
    const dataProducerId = latest();
    plane.consume({ transportId: 'bob', dataConsumerId: 'slow', dataProducerId });
    plane.consume({ transportId: 'ann', dataConsumerId: 'quick', dataProducerId });
    own[0]!.bufferedAmount = MAX_BUFFERED_BYTES;
    channel.say('x');
    expect(own[0]?.closed).toBe(true);
    expect(notices.at(-1)).toMatchObject({ dataConsumerId: 'slow', reason: 'overflow' });
    expect(own[1]?.messages).toEqual(['x']);
    own[1]?.end();
    expect(notices.at(-1)).toMatchObject({ dataConsumerId: 'quick', reason: 'peer' });
  });

  it('end with an ICE restart and with their transport', () => {
    const { plane, notices, own, opened, latest, router } = rig();
    opened('chat');
    const first = latest();
    plane.consume({ transportId: 'bob', dataConsumerId: 'c', dataProducerId: first });
    plane.restarted('bob');
    expect(notices.at(-1)).toMatchObject({ dataConsumerId: 'c', reason: 'restart' });
    expect(own[0]?.closed).toBe(true);
    plane.restarted('ann');
    expect(notices.at(-1)).toMatchObject({ dataProducerId: first, reason: 'restart' });
    opened('chat');
    plane.detach('ann');
    expect(notices.at(-1)).toMatchObject({ dataProducerId: latest(), reason: 'transport' });
    expect(router.dataProducers.size).toBe(0);
    expect(plane.stats('ann')).toBeUndefined();
  });

  it("are the owner's to fill on a direct transport, and on no other", () => {
    const { plane, own } = rig();
    const produce = (transportId: string) =>
      plane.produce({ transportId, dataProducerId: 'd', parameters: named(RELIABLE) });
    expect(codeOf(() => produce('ann'))).toBe('bad_request');
    const { handle } = produce('owner');
    expect(codeOf(() => produce('owner'))).toBe('conflict');
    plane.consume({ transportId: 'bob', dataConsumerId: 'c', dataProducerId: 'd' });
    plane.receive(handle, Buffer.from('hi'));
    plane.receive(handle + 99, 'to nobody');
    expect(own[0]?.messages).toEqual([Buffer.from('hi')]);
    plane.closeProducer('d');
    plane.receive(handle, 'late');
    expect(own[0]?.messages).toHaveLength(1);
  });
});
