import type { NetworkTestAnswer } from '#contracts';
import { call, Problem } from '../../api/client.ts';
import { type Measured, median } from './verdict.ts';

const HTTP_ROUNDS = 5;
const CONNECT_MS = 8_000;
/** What the browser estimates of the way grows while it sends. */
const SEND_MS = 4_000;
const PICTURE = { width: 640, height: 360, framesPerSecond: 30 } as const;
const MOST_BITS_PER_SECOND = 3_000_000;

export type Step = 'server' | 'way' | 'rate';

/**
 * Measures the way to this server: small requests over HTTP, then a picture of
 * noise that goes to the call server and comes back, for some seconds. No
 * camera and no microphone take part in it. Rejects only when `signal` does.
 */
export async function measure(
  meetingId: string,
  { signal, onStep }: { signal: AbortSignal; onStep: (step: Step) => void },
): Promise<Measured> {
  onStep('server');
  const httpMs = await roundTrip(signal);
  signal.throwIfAborted();
  onStep('way');
  const loop = new Loop();
  const stop = () => loop.close();
  signal.addEventListener('abort', stop);
  try {
    await loop.open(meetingId, signal);
    if (!(await loop.connected())) return { httpMs, media: undefined };
    onStep('rate');
    return { httpMs, media: await loop.watch(signal) };
  } catch (error) {
    signal.throwIfAborted();
    const isRefused = error instanceof Problem && error.status > 0;
    return { httpMs, media: undefined, ...(isRefused ? { refusal: error.message } : {}) };
  } finally {
    signal.removeEventListener('abort', stop);
    loop.close();
  }
}

async function roundTrip(signal: AbortSignal): Promise<number | undefined> {
  const times: number[] = [];
  for (let i = 0; i <= HTTP_ROUNDS; i++) {
    const startedAt = performance.now();
    try {
      const answer = await fetch('/healthz', { cache: 'no-store', signal });
      await answer.arrayBuffer();
    } catch {
      signal.throwIfAborted();
      return median(times);
    }
    // The first one may have to open the connection.
    if (i > 0) times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** A session that sends to the call server, and one that receives the same. */
class Loop {
  readonly #sender = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  readonly #receiver = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  readonly #noise = new Noise();

  async open(meetingId: string, signal: AbortSignal): Promise<void> {
    const section = this.#sender.addTransceiver(this.#noise.track, {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: MOST_BITS_PER_SECOND }],
    });
    this.#receiver.addTransceiver('video', { direction: 'recvonly' });
    const [send, receive] = await Promise.all([
      this.#sender.createOffer(),
      this.#receiver.createOffer(),
    ]);
    const mid = /^a=mid:(\S+)/m.exec(send.sdp ?? '')?.[1] ?? section.mid ?? '0';
    const answer = await call<NetworkTestAnswer>(
      'POST',
      `/api/meetings/${encodeURIComponent(meetingId)}/network-test`,
      { signal, body: { send: { sdp: send.sdp, mid }, receive: { sdp: receive.sdp } } },
    );
    const ice = { iceServers: answer.iceServers as RTCIceServer[] };
    for (const [connection, offer, sdp] of [
      [this.#sender, send, answer.send],
      [this.#receiver, receive, answer.receive],
    ] as const) {
      // Before candidates are gathered: relays are among them then.
      connection.setConfiguration({ ...connection.getConfiguration(), ...ice });
      await connection.setLocalDescription(offer);
      await connection.setRemoteDescription({ type: 'answer', sdp });
    }
  }

  /** Whether both find their way in time. */
  async connected(): Promise<boolean> {
    const deadline = AbortSignal.timeout(CONNECT_MS);
    const both = [this.#sender, this.#receiver].map((one) => connectedBy(one, deadline));
    return (await Promise.all(both)).every(Boolean);
  }

  /** How it goes, after some seconds of sending. */
  async watch(signal: AbortSignal): Promise<NonNullable<Measured['media']>> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, SEND_MS);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    const [sent, received] = await Promise.all([
      this.#sender.getStats(),
      this.#receiver.getStats(),
    ]);
    return { ...wayOf(sent), ...backOf(received) };
  }

  close(): void {
    this.#noise.close();
    this.#sender.close();
    this.#receiver.close();
  }
}

function connectedBy(connection: RTCPeerConnection, deadline: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      const { connectionState } = connection;
      if (connectionState === 'connected') resolve(true);
      if (connectionState === 'failed' || connectionState === 'closed') resolve(false);
    };
    connection.addEventListener('connectionstatechange', look);
    deadline.addEventListener('abort', () => resolve(false));
    look();
  });
}

type Stat = Readonly<Record<string, unknown>>;
const statsOf = (report: RTCStatsReport): Stat[] => [...report.values()] as Stat[];
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** By which way it goes, and what that bears. */
function wayOf(report: RTCStatsReport) {
  const stats = statsOf(report);
  const selected = stats.find(({ type }) => type === 'transport')?.['selectedCandidatePairId'];
  const pair = stats.find(
    (one) =>
      one['type'] === 'candidate-pair' &&
      (one['id'] === selected || one['selected'] === true || one['nominated'] === true),
  );
  const own = stats.find(({ id }) => id === pair?.['localCandidateId']);
  const remote = stats.find(({ type }) => type === 'remote-inbound-rtp');
  const out = stats.find(({ type }) => type === 'outbound-rtp');
  const isRelayed = own?.['candidateType'] === 'relay';
  const seconds = numberOf(pair?.['currentRoundTripTime']) ?? numberOf(remote?.['roundTripTime']);
  // Firefox estimates nothing; there, what was sent has to do.
  const sentBits = (numberOf(out?.['bytesSent']) ?? 0) * 8;
  return {
    way: isRelayed
      ? ('relay' as const)
      : own?.['protocol'] === 'tcp'
        ? ('tcp' as const)
        : ('udp' as const),
    roundTripMs: seconds === undefined ? undefined : seconds * 1_000,
    up: numberOf(pair?.['availableOutgoingBitrate']) ?? sentBits / (SEND_MS / 1_000),
  };
}

/** What came back. */
function backOf(report: RTCStatsReport) {
  const back = statsOf(report).find(({ type }) => type === 'inbound-rtp');
  const bytes = numberOf(back?.['bytesReceived']);
  const lost = numberOf(back?.['packetsLost']) ?? 0;
  const came = numberOf(back?.['packetsReceived']) ?? 0;
  return {
    down: bytes === undefined ? undefined : (bytes * 8) / (SEND_MS / 1_000),
    loss: came === 0 ? undefined : Math.max(0, lost) / (came + Math.max(0, lost)),
  };
}

/** A picture that no encoder makes small. */
class Noise {
  readonly track: MediaStreamTrack;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    const { width, height, framesPerSecond } = PICTURE;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    // Small blocks: as much as a moving picture has, and quickly drawn.
    const grain = new ImageData(width / 4, height / 4);
    const small = Object.assign(document.createElement('canvas'), {
      width: width / 4,
      height: height / 4,
    });
    const paint = small.getContext('2d');
    const words = new Uint32Array(grain.data.buffer);
    this.#timer = setInterval(() => {
      for (let i = 0; i < words.length; i++) words[i] = 0xff000000 | (Math.random() * 0xffffff);
      paint?.putImageData(grain, 0, 0);
      context?.drawImage(small, 0, 0, width, height);
    }, 1_000 / framesPerSecond);
    const [track] = canvas.captureStream(framesPerSecond).getVideoTracks();
    if (track === undefined) throw new Error('no picture of a canvas');
    this.track = track;
  }

  close(): void {
    clearInterval(this.#timer);
    this.track.stop();
  }
}
