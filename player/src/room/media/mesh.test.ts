import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Mesh } from './mesh.ts';
import { RemoteMedia } from './remote-media.ts';

const HAS_BY_CALL_SERVER = 'have your media by the call server';
const HAS_DIRECTLY = 'have your media directly';

class FakeConnection {
  static readonly all: FakeConnection[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  remoteDescription = {};
  restarts = 0;
  signalingState = 'stable';
  localDescription = null;
  answeredWith: RTCIceServer[] | undefined;
  configuration: RTCConfiguration;
  readonly said: string[] = [];
  readonly channel = {
    readyState: 'open',
    send: (text: string) => this.said.push(text),
    onmessage: null as ((event: { data: string }) => void) | null,
  };

  constructor(configuration: RTCConfiguration) {
    this.configuration = configuration;
    FakeConnection.all.push(this);
  }

  addTransceiver(): unknown {
    return {};
  }

  createDataChannel(): unknown {
    return this.channel;
  }

  getTransceivers(): unknown[] {
    return [];
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  async setRemoteDescription(): Promise<void> {}

  async setLocalDescription(): Promise<void> {
    this.answeredWith = this.configuration.iceServers;
  }

  restartIce(): void {
    this.restarts++;
  }

  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  hears(data: string): void {
    this.channel.onmessage?.({ data });
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

let mesh: Mesh;
let isWay: boolean;
let iceServers: RTCIceServer[];
const everybody = () => true;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null });
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  FakeConnection.all.length = 0;
  isWay = true;
  iceServers = [{ urls: 'stun:first' }];
  mesh = new Mesh({
    selfId: 'me',
    iceServers: () => iceServers,
    isWay: () => isWay,
    remote: new RemoteMedia(() => {}),
    send: () => {},
    onChange: () => {},
    onNew: () => {},
  });
  mesh.open(['a', 'b']);
});

afterEach(() => {
  mesh.closeAll();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const states = () => FakeConnection.all.map(({ connectionState }) => connectionState);

describe('Mesh', () => {
  it('closes a connection when both sides have each other by the call server, and a while after', () => {
    isWay = false;
    const [toA] = FakeConnection.all;
    mesh.tellHas('callserver', everybody);
    mesh.tellHas('callserver', everybody);
    expect(toA?.said).toEqual([HAS_BY_CALL_SERVER]);
    vi.advanceTimersByTime(60_000);
    expect(states()).toEqual(['new', 'new']);
    toA?.hears(HAS_BY_CALL_SERVER);
    vi.advanceTimersByTime(999);
    expect(states()).toEqual(['new', 'new']);
    vi.advanceTimersByTime(1);
    expect(states()).toEqual(['closed', 'new']);
  });

  it('keeps a connection that the other side still needs, or that this one does', () => {
    isWay = false;
    const [toA, toB] = FakeConnection.all;
    toA?.hears(HAS_BY_CALL_SERVER);
    toB?.hears(HAS_BY_CALL_SERVER);
    mesh.tellHas('callserver', (id) => id === 'b');
    vi.advanceTimersByTime(60_000);
    expect(states()).toEqual(['new', 'closed']);
  });

  it('knows when all the others have its media directly', () => {
    const [toA, toB] = FakeConnection.all;
    toA?.hears(HAS_DIRECTLY);
    expect(mesh.isHeardBy(['a', 'b'])).toBe(false);
    toB?.hears(HAS_DIRECTLY);
    expect(mesh.isHeardBy(['a', 'b'])).toBe(true);
    mesh.renew();
    expect(mesh.isHeardBy(['a', 'b'])).toBe(false);
  });

  it('makes anew what one side has given up, when direct is the way again', () => {
    mesh.tellHas('callserver', (id) => id === 'a');
    mesh.renew();
    mesh.open(['a', 'b']);
    expect(states()).toEqual(['closed', 'new', 'new']);
  });

  it('leaves it to the side that offers to make anew what was given up', async () => {
    const offer = async (connection: string) => {
      mesh.description({ type: 'offer', sdp: '', from: 'you', connection });
      await vi.advanceTimersByTimeAsync(0);
    };
    await offer('you1');
    const toYou = FakeConnection.all.at(-1);
    isWay = false;
    toYou?.hears(HAS_BY_CALL_SERVER);
    mesh.tellHas('callserver', (id) => id === 'you');
    isWay = true;
    mesh.renew();
    // The other side may have given up nothing yet, and makes nothing anew then.
    vi.advanceTimersByTime(60_000);
    expect(toYou?.connectionState).toBe('new');
    // That we had its media by the call server was said before this: it does not count now.
    toYou?.hears(HAS_BY_CALL_SERVER);
    mesh.tellHas('callserver', (id) => id === 'you');
    vi.advanceTimersByTime(60_000);
    expect(toYou?.connectionState).toBe('new');
    await offer('you2');
    expect(toYou?.connectionState).toBe('closed');
    expect(states()).toEqual(['new', 'new', 'closed', 'new']);
  });

  it('takes offers of others while direct is the way, and of none when it is not', () => {
    const offer = (from: string, connection: string) =>
      mesh.description({ type: 'offer', sdp: '', from, connection });
    offer('c', 'c1');
    expect(FakeConnection.all).toHaveLength(3);
    isWay = false;
    offer('d', 'd1');
    offer('c', 'c2');
    expect(FakeConnection.all).toHaveLength(3);
  });

  it('looks for another way for a connection that is cut off, unless it is given up', () => {
    const [toA, toB] = FakeConnection.all;
    mesh.tellHas('callserver', (id) => id === 'b');
    for (const one of [toA, toB]) one?.becomes('connected');
    toB?.becomes('failed');
    toA?.becomes('disconnected');
    expect(states()).toEqual(['disconnected', 'closed']);
    vi.advanceTimersByTime(2_000);
    expect([toA?.restarts, toB?.restarts]).toEqual([1, 0]);
    toA?.becomes('connected');
    toA?.becomes('disconnected');
    toA?.becomes('connected');
    vi.advanceTimersByTime(10_000);
    expect(toA?.restarts).toBe(1);
  });

  it('asks the ICE servers of now for another way, its own and that of the other side', async () => {
    const [toA, toB] = FakeConnection.all;
    iceServers = [{ urls: 'stun:second' }];
    mesh.findWay();
    expect(toA?.configuration).toEqual({ iceServers, bundlePolicy: 'max-bundle' });
    iceServers = [{ urls: 'stun:third' }];
    mesh.description({ type: 'offer', sdp: 'again', from: 'b' });
    await vi.advanceTimersByTimeAsync(0);
    expect(toB?.answeredWith).toEqual(iceServers);
    mesh.open(['c']);
    expect(FakeConnection.all.at(-1)?.configuration.iceServers).toEqual(iceServers);
  });
});
