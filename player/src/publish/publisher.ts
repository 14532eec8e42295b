import { delay, retryDelayMs } from '#base';
import { onNetworkChange } from '../api/network-change.ts';
import { Rescue } from '../http-session/index.ts';
import { type PublishProblem, problemOfAnswer } from './problem.ts';
import { readStats, type SendFigures, type StatsMark } from './stats.ts';
import { type SendSettings, WhipError, WhipSession, type WhipTarget } from './whip-session.ts';

export type PublisherState =
  | { name: 'idle' }
  | { name: 'connecting' }
  | { name: 'live'; sinceMs: number }
  /** The connection broke, or could not be made; it is tried again. */
  | { name: 'reconnecting'; attempt: number; problem: PublishProblem }
  /** It takes somebody to go on. */
  | { name: 'failed'; problem: PublishProblem };

export interface PublisherOptions {
  /** Where to publish to, asked for anew before each attempt. Rejects when that cannot be told in time. */
  target: (signal: AbortSignal) => Promise<WhipTarget>;
  onState: (state: PublisherState) => void;
  /** Once a second while live. */
  onFigures: (figures: SendFigures) => void;
}

const RETRY = { baseMs: 300, capMs: 8_000, jitter: 0.3, attempts: Number.POSITIVE_INFINITY };
/** The one who was there before may be this very page, before its connection broke. */
const BUSY_ATTEMPTS = 6;
const WATCH_MS = 500;
const FIGURES_EVERY = 2;
const TARGET_MS = 10_000;
const CONNECT_MS = 10_000;
/** From the answer on: so long the next kind of relay is waited with. */
const WIDEN_AFTER_MS = [2_000, 5_000];

const LOST: PublishProblem = {
  code: 'unreachable',
  text: 'The connection to the server broke. It is made again by itself.',
  passing: true,
};

/** Publishes tracks by WHIP and goes on doing so, whatever happens to the network or the server. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #tracks = new Map<'audio' | 'video', MediaStreamTrack>();
  #settings: SendSettings = { maxVideoBitsPerSecond: 2_500_000, content: 'camera' };
  #state: PublisherState = { name: 'idle' };
  #session: WhipSession | undefined;
  #life = new AbortController();
  #busy = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Sends this track from now on in the place of the one of its kind; also while live. */
  async setTrack(kind: 'audio' | 'video', track: MediaStreamTrack | undefined): Promise<void> {
    if (track === undefined) this.#tracks.delete(kind);
    else this.#tracks.set(kind, track);
    await this.#session?.replace(kind, track);
    await this.#session?.set(this.#settings);
  }

  async set(settings: SendSettings): Promise<void> {
    this.#settings = settings;
    await this.#session?.set(settings);
  }

  start(): void {
    if (this.#state.name !== 'idle' && this.#state.name !== 'failed') return;
    this.#life = new AbortController();
    this.#busy = 0;
    this.#run(this.#life.signal);
  }

  /** Ends it for good; `start` begins anew. */
  stop(): void {
    this.#life.abort();
    this.#session?.close();
    this.#session = undefined;
    this.#move({ name: 'idle' });
  }

  #move(state: PublisherState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#move({ name: 'connecting' });
    for (let attempt = 1; !signal.aborted; attempt++) {
      // The first is made at once, and so is the first after a connection that was live.
      if (attempt > 1) await pause(retryDelayMs(RETRY, attempt - 1), signal);
      if (signal.aborted) return;
      const problem = await this.#once(signal, () => {
        attempt = 0;
      });
      if (signal.aborted) return;
      if (!problem.passing || (problem.code === 'busy' && ++this.#busy >= BUSY_ATTEMPTS)) {
        this.#move({ name: 'failed', problem });
        return;
      }
      this.#move({ name: 'reconnecting', attempt: attempt + 1, problem });
    }
  }

  /** One session from its beginning to its end; resolves with why it ended. */
  async #once(signal: AbortSignal, onLive: () => void): Promise<PublishProblem> {
    try {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(TARGET_MS)]);
      const target = await this.#options.target(inTime);
      const session = await WhipSession.begin(
        target,
        [...this.#tracks.values()],
        this.#settings,
        signal,
      );
      if (signal.aborted) {
        session.close();
        return LOST;
      }
      this.#session = session;
      const rescue = new Rescue(() => session.restart(signal), performance.now());
      const off = onNetworkChange(() => {
        if (this.#state.name === 'live') rescue.networkChanged();
      });
      try {
        await this.#catchUp(session);
        await this.#watch(session, rescue, signal, onLive);
        return LOST;
      } finally {
        off();
        this.#session = undefined;
        session.close();
      }
    } catch (error) {
      if (error instanceof WhipError) return error.problem;
      const status = (error as { status?: unknown }).status;
      const text = error instanceof Error ? error.message : String(error);
      return problemOfAnswer(typeof status === 'number' ? status : 0, text);
    }
  }

  /** Sends what was chosen while the offer was under way. */
  async #catchUp(session: WhipSession): Promise<void> {
    for (const kind of ['audio', 'video'] as const) {
      await session.replace(kind, this.#tracks.get(kind));
    }
    await session.set(this.#settings);
  }

  /** Until the connection is lost, by the browser's word or by silence. */
  async #watch(
    session: WhipSession,
    rescue: Rescue,
    signal: AbortSignal,
    onLive: () => void,
  ): Promise<void> {
    const { peer } = session;
    const begunMs = performance.now();
    let mark: StatsMark | undefined;
    let figuresMark: StatsMark | undefined;
    let widened = 0;
    for (let round = 0; !signal.aborted; round++) {
      const { connectionState } = peer;
      if (connectionState === 'failed' || connectionState === 'closed') return;
      const nowMs = performance.now();
      if (connectionState === 'connected' && this.#state.name !== 'live') {
        rescue.heard(nowMs);
        this.#busy = 0;
        onLive();
        this.#move({ name: 'live', sinceMs: Date.now() });
      }
      if (this.#state.name === 'live') {
        const entries = [...(await peer.getStats()).values()] as object[];
        const read = readStats(entries, nowMs, figuresMark);
        if (read.mark.heard !== mark?.heard) rescue.heard(nowMs);
        mark = read.mark;
        if (round % FIGURES_EVERY === 0) {
          if (figuresMark !== undefined) this.#options.onFigures(read.figures);
          figuresMark = read.mark;
        }
        if (!rescue.check(nowMs)) return;
      } else if (nowMs - begunMs > CONNECT_MS) {
        return;
      } else if (nowMs - begunMs > (WIDEN_AFTER_MS[widened] ?? CONNECT_MS)) {
        widened++;
        session.widen(signal);
      }
      await pause(WATCH_MS, signal);
    }
  }
}

/** Resolves after this time, or at once when it is given up. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, signal).catch(() => {});
