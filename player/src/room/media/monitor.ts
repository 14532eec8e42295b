import type { MediaReport } from '#contracts';
import { Store } from '../state/store.ts';
import type { MediaPaths } from './media-paths.ts';
import { gradeOf, NO_WAY, type Quality, triesInVain } from './quality.ts';
import type { RemoteMedia } from './remote-media.ts';
import { SLOTS } from './slots.ts';
import { type Speaking, SpeakingDetector } from './speaking.ts';
import { between, type Reading, read } from './stats.ts';

export interface MonitorOptions {
  paths: MediaPaths;
  remote: RemoteMedia;
  selfId: string;
  /** How loud the own microphone is, 0 to 1. */
  ownLevel: () => number;
  /** Every ten seconds: what the policy on the route goes by. */
  onReport: (report: MediaReport) => void;
}

const LEVELS_MS = 150;
const STATS_MS = 2_000;
const REPORT_EVERY = 5;
/** Every call begins small and grows; what lasts longer is a limit. */
const SETTLED_ROUNDS = 5;
/** A first connection is given up after five seconds, and another one made. */
const NO_WAY_ROUNDS = 4;
/** A connection that is failed stays so until ICE has been restarted. */
const STATES: Partial<Record<RTCPeerConnectionState, 'connected' | 'failed'>> = {
  connected: 'connected',
  failed: 'failed',
};

/** Watches what comes and goes: who speaks, and how well it comes through. */
export class Monitor {
  readonly speaking = new Store<Speaking>({ now: [], lastSpoke: {} });
  readonly quality = new Store<Readonly<Record<string, Quality>>>({});
  readonly #options: MonitorOptions;
  readonly #detector = new SpeakingDetector();
  readonly #readings = new Map<RTCPeerConnection, Reading>();
  readonly #timers: ReturnType<typeof setInterval>[];
  /** For how many readings in a row something has kept the own picture from being better. */
  readonly #limited = { cpu: 0, bandwidth: 0 };
  #rounds = 0;
  #inVain = 0;
  #isReading = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#listen(), LEVELS_MS),
      setInterval(() => this.#measure().catch(() => {}), STATS_MS),
    ];
  }

  /** Something has failed: the server need not wait ten seconds to hear of it. */
  reportSoon(): void {
    this.#rounds = 0;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #listen(): void {
    const { remote, selfId, ownLevel } = this.#options;
    remote.recheck();
    const levels = new Map([[selfId, ownLevel()]]);
    for (const [id, receiver] of remote.voices()) {
      const [source] = receiver.getSynchronizationSources();
      levels.set(id, source?.audioLevel ?? 0);
    }
    const next = this.#detector.update(levels, performance.now());
    const { now, lastSpoke } = this.speaking.get();
    const isSame =
      now.join() === next.now.join() &&
      leaderOf(lastSpoke, selfId) === leaderOf(next.lastSpoke, selfId);
    // Drawn anew only when somebody begins or stops.
    if (!isSame) this.speaking.set(next);
  }

  /**
   * What the way out bears. Told only where it holds something back: before,
   * a browser knows no more than what it sends.
   */
  #uplink(connections: readonly RTCPeerConnection[]): number | undefined {
    if (this.#limited.bandwidth < SETTLED_ROUNDS) return undefined;
    return connections.reduce((sum, one) => sum + (this.#readings.get(one)?.uplink ?? 0), 0);
  }

  async #measure(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      await this.#readAll();
    } finally {
      this.#isReading = false;
    }
  }

  async #readAll(): Promise<void> {
    const { paths, remote, selfId, onReport } = this.#options;
    const connections = paths.connections;
    const before = new Map(this.#readings);
    this.#readings.clear();
    for (const { connection } of connections) {
      const stats = await connection.getStats();
      this.#readings.set(connection, read(stats.values(), performance.now()));
    }
    const quality: Record<string, Quality> = {};
    for (const id of remote.people) {
      const ids = SLOTS.flatMap((slot) => remote.get(id, slot).shown?.id ?? []);
      for (const [connection, reading] of this.#readings) {
        if (!ids.some((track) => reading.tracks.has(track))) continue;
        quality[id] = gradeOf(between(before.get(connection), reading, ids));
      }
    }
    const all = [...this.#readings.values()];
    const highest = (of: (reading: Reading) => number | undefined) =>
      all.reduce<number | undefined>((most, one) => {
        const value = of(one);
        return value === undefined ? most : Math.max(most ?? value, value);
      }, undefined);
    if (all.length > 0) {
      quality[selfId] = gradeOf({
        loss: highest(({ outLoss }) => outLoss),
        roundTripMs: highest(({ roundTripMs }) => roundTripMs),
        jitterMs: undefined,
        frozen: undefined,
        concealed: undefined,
        limitedBy: all.find(({ limitedBy }) => limitedBy !== undefined)?.limitedBy,
      });
    }
    // A browser without any way of its own does not even begin.
    const states = connections.map(({ connection: { connectionState, remoteDescription } }) =>
      connectionState === 'new' && remoteDescription !== null ? 'connecting' : connectionState,
    );
    this.#inVain = triesInVain(this.#inVain, states);
    if (this.#inVain >= NO_WAY_ROUNDS) quality[selfId] = NO_WAY;
    this.quality.set(quality);
    for (const by of ['cpu', 'bandwidth'] as const) {
      const isLimited = all.some(({ limitedBy }) => limitedBy === by);
      this.#limited[by] = isLimited ? this.#limited[by] + 1 : 0;
    }
    if (this.#rounds++ % REPORT_EVERY !== 0) return;
    const uplink = this.#uplink(connections.map(({ connection }) => connection));
    onReport({
      ...(uplink === undefined ? {} : { uplink }),
      cpuLimited: this.#limited.cpu >= SETTLED_ROUNDS,
      peers: connections.flatMap(({ participantId, connection }) => {
        if (participantId === undefined) return [];
        const reading = this.#readings.get(connection);
        return {
          participantId,
          state: STATES[connection.connectionState] ?? 'connecting',
          ...(reading?.roundTripMs === undefined ? {} : { roundTripMs: reading.roundTripMs }),
          ...(reading?.outLoss === undefined ? {} : { loss: Math.min(1, reading.outLoss) }),
        };
      }),
    });
  }
}

function leaderOf(lastSpoke: Readonly<Record<string, number>>, selfId: string): string {
  let leader = '';
  let latest = 0;
  for (const [id, at] of Object.entries(lastSpoke)) {
    if (id !== selfId && at > latest) [leader, latest] = [id, at];
  }
  return leader;
}
