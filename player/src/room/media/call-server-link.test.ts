import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallServerLink, type Offer } from './call-server-link.ts';

class FakeConnection {
  static readonly all: FakeConnection[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  ontrack = null;
  localDescription: { sdp: string } | null = null;
  readonly remote: string[] = [];
  #offers = 0;

  constructor() {
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
let link: CallServerLink<{ sdp: string }>;
const latest = () => FakeConnection.all.at(-1) as FakeConnection;
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  asked.length = 0;
  FakeConnection.all.length = 0;
  link = new CallServerLink({
    iceServers: [],
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

  it('begins anew under another name when the connection has failed', async () => {
    link.negotiate();
    await settle();
    asked[0]?.answer('a');
    await settle();
    latest().becomes('connected');
    const [first] = FakeConnection.all;
    first?.becomes('failed');
    await vi.advanceTimersByTimeAsync(300);
    expect(first?.connectionState).toBe('closed');
    expect(FakeConnection.all).toHaveLength(2);
    expect(asked[1]?.offer.connection).not.toBe(asked[0]?.offer.connection);
  });

  it('lets a connection that is cut off find back by itself for a while', async () => {
    link.negotiate();
    await settle();
    asked[0]?.answer('a');
    await settle();
    latest().becomes('connected');
    latest().becomes('disconnected');
    await vi.advanceTimersByTimeAsync(2_000);
    latest().becomes('connected');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(FakeConnection.all).toHaveLength(1);
    latest().becomes('disconnected');
    await vi.advanceTimersByTimeAsync(2_900);
    expect(FakeConnection.all).toHaveLength(2);
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
