import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallServerLink, type Offer } from './call-server-link.ts';

class FakeConnection {
  static readonly all: FakeConnection[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  ontrack = null;
  localDescription: { sdp: string } | null = null;
  readonly remote: string[] = [];
  restarts = 0;
  configuration: RTCConfiguration;
  #offers = 0;

  constructor(configuration: RTCConfiguration = {}) {
    this.configuration = configuration;
    FakeConnection.all.push(this);
  }

  getTransceivers(): unknown[] {
    return [{}];
  }

  async setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: `offer ${++this.#offers}` };
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.remote.push(sdp);
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  restartIce(): void {
    this.restarts++;
  }

  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

interface Asked {
  offer: Offer;
  answer: (sdp: string) => void;
  refuse: () => void;
}

const asked: Asked[] = [];
let iceServers: RTCIceServer[];
let link: CallServerLink<{ sdp: string }>;
const latest = () => FakeConnection.all.at(-1) as FakeConnection;
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('navigator', { userAgent: 'Chrome/140' });
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  asked.length = 0;
  iceServers = [{ urls: 'stun:first' }];
  FakeConnection.all.length = 0;
  link = new CallServerLink({
    iceServers: () => iceServers,
    prepare: () => {},
    onState: () => {},
    offer: (offer) =>
      new Promise((resolve, reject) => {
        asked.push({
          offer,
          answer: (sdp) => resolve({ sdp }),
          refuse: () => reject(new Error('no')),
        });
      }),
  });
});

afterEach(() => {
  link.close();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('CallServerLink', () => {
  it('asks once more, however often things changed while an offer was under way', async () => {
    link.negotiate();
    await settle();
    link.negotiate();
    link.negotiate();
    await settle();
    expect(asked.map(({ offer }) => offer.sdp)).toEqual(['offer 1']);
    asked[0]?.answer('answer 1');
    await settle();
    expect(asked.map(({ offer }) => offer.sdp)).toEqual(['offer 1', 'offer 2']);
    asked[1]?.answer('answer 2');
    await settle();
    expect(latest().remote).toEqual(['answer 1', 'answer 2']);
    expect(asked).toHaveLength(2);
  });

  /** Gets as far as to be connected. */
  async function connected(): Promise<void> {
    link.negotiate();
    await settle();
    asked[0]?.answer('a');
    await settle();
    latest().becomes('connected');
  }

  it('begins with another connection when the first never comes about, and waits longer for that', async () => {
    link.negotiate();
    await settle();
    asked[0]?.answer('a');
    await settle();
    latest().becomes('connecting');
    await vi.advanceTimersByTimeAsync(3_000);
    // A further answer gives it no more time.
    link.negotiate();
    await settle();
    asked[1]?.answer('b');
    await vi.advanceTimersByTimeAsync(1_900);
    expect(FakeConnection.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeConnection.all).toHaveLength(2);
    asked[2]?.answer('c');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(FakeConnection.all).toHaveLength(2);
    latest().becomes('connected');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeConnection.all).toHaveLength(2);
  });

  it('begins with the connection that was prepared, once', async () => {
    const spares = [new FakeConnection()];
    const options = { iceServers: () => [], prepare: () => {}, onState: () => {} };
    const prepared = () => spares.pop() as unknown as RTCPeerConnection | undefined;
    const other = new CallServerLink({
      ...options,
      prepared,
      offer: () => new Promise<{ sdp: string }>(() => {}),
    });
    expect(FakeConnection.all.at(-1)).toBe(other.connection);
    other.restart();
    expect(spares).toHaveLength(0);
    expect(FakeConnection.all.at(-1)).toBe(other.connection);
    expect(FakeConnection.all).toHaveLength(3);
    other.close();
  });

  it('looks for another way by an ICE restart when the connection has failed', async () => {
    await connected();
    latest().becomes('failed');
    await settle();
    expect(latest().restarts).toBe(1);
    expect(asked.map(({ offer }) => offer.sdp)).toEqual(['offer 1', 'offer 2']);
    expect(asked[1]?.offer.connection).toBe(asked[0]?.offer.connection);
    asked[1]?.answer('b');
    await settle();
    latest().becomes('connected');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeConnection.all).toHaveLength(1);
    latest().becomes('failed');
    expect(latest().restarts).toBe(2);
  });

  it('asks the ICE servers of now when it looks for another way, and when it begins anew', async () => {
    await connected();
    iceServers = [{ urls: 'stun:second' }];
    link.negotiate();
    await settle();
    asked[1]?.answer('b');
    await settle();
    expect(latest().configuration.iceServers).toEqual([{ urls: 'stun:first' }]);
    latest().becomes('failed');
    expect(latest().configuration).toEqual({ iceServers, bundlePolicy: 'max-bundle' });
    iceServers = [{ urls: 'stun:third' }];
    link.restart();
    expect(latest().configuration.iceServers).toEqual([{ urls: 'stun:third' }]);
  });

  it('begins anew under another name when no other way is found', async () => {
    await connected();
    const [first] = FakeConnection.all;
    first?.becomes('failed');
    await settle();
    // While the offer is under way nothing is given up.
    await vi.advanceTimersByTimeAsync(8_000);
    asked[1]?.answer('b');
    await vi.advanceTimersByTimeAsync(3_900);
    expect(FakeConnection.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(first?.connectionState).toBe('closed');
    expect(FakeConnection.all).toHaveLength(2);
    expect(asked[2]?.offer.connection).not.toBe(asked[0]?.offer.connection);
  });

  it('begins anew at once in Firefox, which keeps its DTLS association', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Firefox/140' });
    await connected();
    const [first] = FakeConnection.all;
    link.findWay();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(FakeConnection.all).toHaveLength(1);
    first?.becomes('failed');
    await vi.advanceTimersByTimeAsync(300);
    expect(first?.restarts).toBe(0);
    expect(FakeConnection.all).toHaveLength(2);
  });

  it('looks for another way when the network changes, before anything is cut off', async () => {
    link.findWay();
    await connected();
    expect(latest().restarts).toBe(0);
    link.findWay();
    link.findWay();
    await settle();
    asked[1]?.answer('b');
    await settle();
    expect(latest().restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeConnection.all).toHaveLength(1);
    link.findWay();
    expect(latest().restarts).toBe(2);
  });

  it('lets a connection that is cut off find back by itself for a while', async () => {
    await connected();
    latest().becomes('disconnected');
    await vi.advanceTimersByTimeAsync(1_000);
    latest().becomes('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(latest().restarts).toBe(0);
    latest().becomes('disconnected');
    await vi.advanceTimersByTimeAsync(1_500);
    expect(latest().restarts).toBe(1);
    expect(FakeConnection.all).toHaveLength(1);
  });

  it('tries again, later and later, what is refused', async () => {
    link.negotiate();
    await settle();
    for (const waitMs of [300, 600, 1_200]) {
      const before = asked.length;
      asked.at(-1)?.refuse();
      await settle();
      expect(asked).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(waitMs);
      expect(asked).toHaveLength(before + 1);
    }
  });

  it('does not take an answer to what was given up', async () => {
    link.negotiate();
    await settle();
    const [first] = FakeConnection.all;
    link.restart();
    await settle();
    asked[0]?.answer('late');
    await settle();
    expect(first?.remote).toEqual([]);
    expect(latest().remote).toEqual([]);
    asked[1]?.answer('right');
    await settle();
    expect(latest().remote).toEqual(['right']);
  });

  it('does nothing more once closed', async () => {
    link.negotiate();
    await settle();
    asked[0]?.refuse();
    await settle();
    link.close();
    link.negotiate();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeConnection.all).toHaveLength(1);
  });
});
