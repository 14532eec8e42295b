import { delay, Emitter, type RetryPolicy, retryDelayMs } from '#base';
import { onNetworkChange } from '../api/network-change.ts';
import { Rescue } from '../http-session/index.ts';
import type { WhepLayer } from './layers.ts';
import type { WhepProblem } from './problem.ts';
import { type PlayFigures, type PlayMark, readStats } from './stats.ts';
import { WhepError, WhepSession, type WhepTarget } from './whep-session.ts';

export type WhepState =
  | { name: 'idle' }
  | { name: 'connecting' }
  /** Media comes in. */
  | { name: 'playing'; stream: MediaStream }
  /** It could not be had, or broke; it is tried again. */
  | { name: 'waiting'; attempt: number; problem: WhepProblem }
  /** It takes somebody to go on. */
  | { name: 'failed'; problem: WhepProblem };

export interface WhepPlayerOptions {
  /** Where to play from, asked for anew before each attempt. Rejects when that cannot be told. */
  target: () => Promise<WhepTarget>;
  retry?: RetryPolicy;
}

type Events = {
  state: [state: WhepState];
  /** Twice a second while playing. */
  figures: [figures: PlayFigures];
  layers: [layers: readonly WhepLayer[]];
};

const RETRY: RetryPolicy = {
  baseMs: 1_000,
  capMs: 60_000,
  jitter: 0.3,
  attempts: Number.POSITIVE_INFINITY,
};
const READ_MS = 500;
/** From the answer on; with UDP closed nothing ever comes. */
const MEDIA_MS = 6_000;
/** From the answer on: so long the next kind of relay is waited with. */
const WIDEN_AFTER_MS = [1_500, 3_500];
/** Having played for so long, what comes next is a new trouble. */
const HEALTHY_MS = 20_000;
/** Over this time the picture may stand still for this share of it. */
const POOR_MS = 8_000;
const POOR_SHARE = 0.35;

/** Plays one event by WHEP and goes on doing so, whatever happens to the network or the server. */
export class WhepPlayer extends Emitter<Events> {
  readonly #target: () => Promise<WhepTarget>;
  readonly #retry: RetryPolicy;
  #state: WhepState = { name: 'idle' };
  #session: WhepSession | undefined;
  #life = new AbortController();
  #wake = new AbortController();
  #layer: string | undefined;

  constructor({ target, retry = RETRY }: WhepPlayerOptions) {
    super();
    this.#target = target;
    this.#retry = retry;
  }

  get state(): WhepState {
    return this.#state;
  }

  get layers(): readonly WhepLayer[] {
    return this.#session?.layers ?? [];
  }

  start(): void {
    if (this.#state.name !== 'idle' && this.#state.name !== 'failed') return;
    this.#life = new AbortController();
    this.#run(this.#life.signal).catch((error) => console.error('whep:', error));
  }

  /** Ends it for good; `start` begins anew. */
  stop(): void {
    this.#life.abort();
    this.#session?.close();
    this.#session = undefined;
    this.#move({ name: 'idle' });
  }

  /** The next attempt need not wait: the network is back, or somebody asks. */
  hurry(): void {
    this.#wake.abort();
  }

  /** This layer at most, by its name, also in sessions to come; without one, what the path bears. */
  select(rid: string | undefined): void {
    this.#layer = rid;
    this.#choose();
  }

  #choose(): void {
    // A layer that is gone is no reason to stop: what the path bears is sent then.
    this.#session?.choose(this.#layer).catch(() => {});
  }

  #move(state: WhepState): void {
    this.#state = state;
    this.emit('state', state);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      this.#move({ name: 'connecting' });
      const { problem, playedMs } = await this.#once(signal);
      if (signal.aborted) return;
      if (!problem.passing) {
        this.#move({ name: 'failed', problem });
        return;
      }
      if (playedMs > HEALTHY_MS && problem.code !== 'poor') attempt = 0;
      this.#move({ name: 'waiting', attempt: attempt + 1, problem });
      // What takes its place is there already.
      if (problem.code === 'replaced' && attempt <= 1) continue;
      this.#wake = new AbortController();
      const until = AbortSignal.any([signal, this.#wake.signal]);
      await delay(retryDelayMs(this.#retry, Math.max(1, attempt)), until).catch(() => {});
    }
  }

  /** One session from its beginning to its end; resolves with why it ended. */
  async #once(signal: AbortSignal): Promise<{ problem: WhepProblem; playedMs: number }> {
    let playingSince: number | undefined;
    const ended = (problem: WhepProblem) => ({
      problem,
      playedMs: playingSince === undefined ? 0 : performance.now() - playingSince,
    });
    try {
      const session = await WhepSession.begin(await this.#target(), signal);
      this.#session = session;
      session.on('layers', (layers) => this.emit('layers', layers));
      try {
        const problem = await this.#watch(session, signal, () => {
          playingSince = performance.now();
        });
        return ended(problem);
      } finally {
        this.#session = undefined;
        session.close();
      }
    } catch (error) {
      if (error instanceof WhepError) return ended(error.problem);
      return ended({ code: 'busy', passing: true });
    }
  }

  /** Until the connection is lost, by the browser's word, by silence, or because too little comes. */
  async #watch(
    session: WhepSession,
    signal: AbortSignal,
    onPlaying: () => void,
  ): Promise<WhepProblem> {
    const begunMs = performance.now();
    const rescue = new Rescue(() => session.restart(signal), begunMs);
    let isPlaying = false;
    const off = onNetworkChange(() => {
      if (isPlaying) rescue.networkChanged();
    });
    try {
      return await this.#follow(session, rescue, signal, begunMs, () => {
        isPlaying = true;
        onPlaying();
      });
    } finally {
      off();
    }
  }

  async #follow(
    session: WhepSession,
    rescue: Rescue,
    signal: AbortSignal,
    begunMs: number,
    onPlaying: () => void,
  ): Promise<WhepProblem> {
    const { peer } = session;
    let replaced = false;
    session.on('replaced', () => {
      replaced = true;
    });
    let widened = 0;
    let mark: PlayMark | undefined;
    let poorMs = 0;
    let isPlaying = false;
    while (!signal.aborted) {
      if (replaced) return { code: 'replaced', passing: true };
      const { connectionState } = peer;
      const isBroken = connectionState === 'failed' || connectionState === 'closed';
      if (isBroken && !isPlaying && (await session.widen(signal))) {
        await delay(READ_MS, signal).catch(() => {});
        continue;
      }
      if (isBroken || session.hungUp) {
        return { code: isPlaying ? 'lost' : 'blocked', passing: true };
      }
      const nowMs = performance.now();
      const entries = [...(await peer.getStats()).values()] as object[];
      const { figures, mark: next } = readStats(entries, nowMs, mark);
      if (next.bytes !== (mark?.bytes ?? 0)) rescue.heard(nowMs);
      const elapsedMs = nowMs - (mark?.atMs ?? nowMs);
      mark = next;
      if (!isPlaying && next.framesDecoded > 0) {
        isPlaying = true;
        onPlaying();
        this.#move({ name: 'playing', stream: session.stream });
        if (this.#layer !== undefined) this.#choose();
      }
      if (isPlaying) {
        this.emit('figures', figures);
        // A leaky sum: what is frozen now and then drains away.
        poorMs = Math.max(0, poorMs + (figures.frozen - POOR_SHARE) * elapsedMs);
        if (poorMs > POOR_MS * (1 - POOR_SHARE)) return { code: 'poor', passing: true };
        // Another way to the server is looked for before it is given up.
        if (!rescue.check(nowMs)) return { code: 'lost', passing: true };
      } else if (nowMs - begunMs > MEDIA_MS) {
        return { code: 'blocked', passing: true };
      } else if (
        connectionState !== 'connected' &&
        nowMs - begunMs > (WIDEN_AFTER_MS[widened] ?? MEDIA_MS)
      ) {
        widened++;
        session.widen(signal);
      }
      await delay(isPlaying ? READ_MS : READ_MS / 10, signal).catch(() => {});
    }
    return { code: 'lost', passing: true };
  }
}
