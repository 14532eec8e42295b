import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Publisher } from './publisher.ts';

type Kind = 'audio' | 'video';
const track = (kind: Kind, id: string) => ({ kind, id }) as unknown as MediaStreamTrack;

class FakeSender {
  track: MediaStreamTrack | null;
  parameters = { encodings: [{}] as { maxBitrate?: number }[] };

  constructor(of: MediaStreamTrack | null) {
    this.track = of;
  }

  async replaceTrack(to: MediaStreamTrack | null): Promise<void> {
    this.track = to;
  }

  getParameters(): unknown {
    return structuredClone(this.parameters);
  }

  async setParameters(parameters: FakeSender['parameters']): Promise<void> {
    this.parameters = parameters;
  }
}

class FakeConnection extends EventTarget {
  connectionState = 'new';
  remoteDescription = null;
  localDescription = null;
  configuration: RTCConfiguration = {};
  readonly sections: { sender: FakeSender; receiver: { track: { kind: Kind } } }[] = [];

  constructor() {
    super();
    connections.push(this);
  }

  addTransceiver(of: MediaStreamTrack | Kind): void {
    const isKind = typeof of === 'string';
    this.sections.push({
      sender: new FakeSender(isKind ? null : of),
      receiver: { track: { kind: (isKind ? of : of.kind) as Kind } },
    });
  }

  getTransceivers(): unknown[] {
    return this.sections;
  }

  getSenders(): FakeSender[] {
    return this.sections.map(({ sender }) => sender);
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  async createOffer(): Promise<{ sdp: string }> {
    return { sdp: 'offer' };
  }

  async setLocalDescription(): Promise<void> {}

  async setRemoteDescription(): Promise<void> {
    this.connectionState = 'connected';
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map();
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

const PATIENCE = { timeout: 15_000 };
const connections: FakeConnection[] = [];
/** Each of the offers that were posted, with the ICE server that comes with the answer. */
const answers: ((server: string) => void)[] = [];
let publisher: Publisher;
let states: string[];

beforeEach(() => {
  connections.length = 0;
  answers.length = 0;
  states = [];
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('MediaStream', class {});
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  vi.stubGlobal(
    'fetch',
    () =>
      new Promise((resolve) => {
        answers.push((server) => {
          const link = `<${server}>; rel="ice-server"`;
          resolve(new Response('answer', { status: 201, headers: { link } }));
        });
      }),
  );
  publisher = new Publisher({
    target: async () => ({ url: 'https://a.example/whip/main', token: 'key' }),
    onState: ({ name }) => states.push(name),
    onFigures: () => {},
  });
});

afterEach(() => {
  publisher.stop();
  vi.unstubAllGlobals();
});

it('sends what was chosen while the server was asked, by the settings that were chosen then', async () => {
  await publisher.setTrack('audio', track('audio', 'microphone'));
  await publisher.setTrack('video', track('video', 'camera'));
  publisher.start();
  await vi.waitFor(() => expect(answers).toHaveLength(1), PATIENCE);
  await publisher.setTrack('video', track('video', 'screen'));
  await publisher.setTrack('audio', undefined);
  await publisher.set({ content: 'screen', maxVideoBitsPerSecond: 4_000_000 });
  answers[0]?.('stun:a.example');
  await vi.waitFor(() => expect(states).toEqual(['connecting', 'live']), PATIENCE);
  const senders = connections[0]?.getSenders() ?? [];
  expect(senders.map((sender) => sender.track?.id)).toEqual([undefined, 'screen']);
  expect(senders[1]?.parameters).toMatchObject({
    encodings: [{ maxBitrate: 4_000_000 }],
    degradationPreference: 'maintain-resolution',
  });
});

it('asks in each session the ICE servers that the answer to its own offer came with', async () => {
  publisher.start();
  for (const [i, server] of ['stun:first.example', 'stun:later.example'].entries()) {
    await vi.waitFor(() => expect(answers).toHaveLength(i + 1), PATIENCE);
    answers[i]?.(server);
    await vi.waitFor(() => expect(states.at(-1)).toBe('live'), PATIENCE);
    const [connection] = connections.slice(i);
    expect(connection?.configuration.iceServers).toEqual([{ urls: server }]);
    if (connection !== undefined) connection.connectionState = 'failed';
  }
});
