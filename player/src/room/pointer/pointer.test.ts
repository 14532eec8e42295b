import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pointers } from './pointers.ts';
import { isNewer, readPosition, writePosition } from './position.ts';

class FakeChannel extends EventTarget {
  readonly label: string;
  readonly protocol: string;
  readonly sent: ArrayBuffer[] = [];
  readyState = 'open';
  binaryType = '';
  bufferedAmount = 0;

  constructor(label: string, protocol = '') {
    super();
    this.label = label;
    this.protocol = protocol;
  }

  send(data: ArrayBuffer): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 'closed';
    this.dispatchEvent(new Event('close'));
  }

  says(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

class FakeConnection extends EventTarget {
  connectionState = 'new';
  signalingState = 'stable';
  readonly made: (FakeChannel & { init: RTCDataChannelInit })[] = [];

  createDataChannel(label: string, init: RTCDataChannelInit): FakeChannel {
    const channel = Object.assign(new FakeChannel(label, init.protocol), { init });
    this.made.push(channel);
    return channel;
  }

  becomes(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  opened(channel: FakeChannel): FakeChannel {
    this.dispatchEvent(Object.assign(new Event('datachannel'), { channel }));
    return channel;
  }

  get real(): RTCPeerConnection {
    return this as unknown as RTCPeerConnection;
  }
}

describe('a position', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 65_535],
    [0.25, 0.75, 65_536],
    [-3, 7, 9],
  ])('%d, %d comes out of its message again, within the picture', (x, y, sequence) => {
    const read = readPosition(writePosition(sequence, { x, y }));
    expect(read?.x).toBeCloseTo(Math.min(1, Math.max(0, x)), 4);
    expect(read?.y).toBeCloseTo(Math.min(1, Math.max(0, y)), 4);
    expect(read?.sequence).toBe(sequence & 0xffff);
  });

  it.each([['text'], [new ArrayBuffer(5)], [new ArrayBuffer(7)], [undefined]])(
    'is not what %s says',
    (data) => {
      expect(readPosition(data)).toBeUndefined();
    },
  );

  it('is newer than those before it, also where numbers begin again', () => {
    expect([isNewer(2, 1), isNewer(1, 1), isNewer(1, 2)]).toEqual([true, false, false]);
    expect([isNewer(0, 65_535), isNewer(65_535, 0)]).toEqual([true, false]);
  });
});

describe('pointers', () => {
  let pointers: Pointers;
  let sending: FakeConnection;
  let receiving: FakeConnection;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    pointers = new Pointers('me');
    [sending, receiving] = [new FakeConnection(), new FakeConnection()];
    pointers.watchServer('send', sending.real);
    pointers.watchServer('receive', receiving.real);
  });

  afterEach(() => {
    pointers.close();
    vi.useRealTimers();
  });

  const own = () => sending.made.at(-1);

  it('have a section in the offer from the start, and no channel before somebody points', () => {
    for (const { made } of [sending, receiving]) {
      expect(made.map(({ init }) => init)).toEqual([{ negotiated: true, id: 0 }]);
    }
    expect(pointers.isReady.get()).toBe(false);
    sending.becomes('connected');
    expect(pointers.isReady.get()).toBe(true);
    expect(sending.made).toHaveLength(1);
    pointers.start('ada');
    expect(own()).toMatchObject({
      label: 'pointer',
      init: { ordered: false, maxRetransmits: 0, protocol: 'ada' },
    });
  });

  it('are sent thirty times a second while they move, and once a second while not', () => {
    sending.becomes('connected');
    pointers.start('ada');
    const before = own()?.sent.length ?? 0;
    for (let i = 0; i < 100; i++) {
      pointers.move(i / 100, 0.5);
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(40);
    const moved = (own()?.sent.length ?? 0) - before;
    expect(moved).toBeGreaterThanOrEqual(20);
    expect(moved).toBeLessThanOrEqual(32);
    expect(readPosition(own()?.sent.at(-1))?.x).toBeCloseTo(0.99);
    vi.advanceTimersByTime(5_000);
    expect((own()?.sent.length ?? 0) - before - moved).toBe(5);
  });

  it('wait for a slow way rather than pile up', () => {
    sending.becomes('connected');
    pointers.start('ada');
    const channel = own()!;
    const before = channel.sent.length;
    channel.bufferedAmount = 5_000;
    pointers.move(0.1, 0.1);
    vi.advanceTimersByTime(100);
    expect(channel.sent).toHaveLength(before);
  });

  it('of others are shown with who points where, and vanish when they are silent or closed', () => {
    const channel = receiving.opened(new FakeChannel('pointer', 'grace ada'));
    channel.says(writePosition(5, { x: 0, y: 1 }));
    expect(pointers.shown.get()).toEqual([{ by: 'grace', on: 'ada', x: 0, y: 1 }]);
    channel.says(writePosition(4, { x: 1, y: 0 }));
    channel.says('nonsense');
    expect(pointers.shown.get()).toMatchObject([{ x: 0, y: 1 }]);
    vi.advanceTimersByTime(3_999);
    expect(pointers.shown.get()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(pointers.shown.get()).toEqual([]);
    channel.says(writePosition(6, { x: 1, y: 0 }));
    channel.close();
    expect(pointers.shown.get()).toEqual([]);
  });

  it('of a direct connection are of whoever is at its other end', () => {
    const direct = new FakeConnection();
    pointers.watchPeer('grace', direct.real);
    const channel = direct.opened(new FakeChannel('pointer', 'ada'));
    direct.opened(new FakeChannel('files', 'ada')).says(writePosition(1, { x: 0, y: 0 }));
    channel.says(writePosition(1, { x: 1, y: 1 }));
    expect(pointers.shown.get()).toEqual([{ by: 'grace', on: 'ada', x: 1, y: 1 }]);
  });

  it('go on by another channel when one is closed by the other side', () => {
    sending.becomes('connected');
    pointers.start('ada');
    own()?.close();
    vi.advanceTimersByTime(500);
    expect(sending.made).toHaveLength(3);
    pointers.stop();
    expect(own()?.readyState).toBe('closed');
    vi.advanceTimersByTime(2_000);
    expect(sending.made).toHaveLength(3);
    expect(pointers.shown.get()).toEqual([]);
  });
});
