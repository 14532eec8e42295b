import { WhepPlayer, type WhepState } from '../../whep/index.ts';
import type { Playback } from '../playback.ts';
import { askPlay } from '../preflight.ts';
import { RtcSession } from './rtc-session.ts';

/** What the page has of HLS in the meantime plays well, so nothing hurries. */
const RETRY = {
  baseMs: 4_000,
  capMs: 5 * 60_000,
  jitter: 0.3,
  attempts: Number.POSITIVE_INFINITY,
};

/**
 * Climbs from HLS to WebRTC and back: while a viewer follows an `ultra` event
 * live, a WebRTC session is made beside what plays, and takes its place as soon
 * as pictures come; when it breaks, HLS is opened in its place and another
 * attempt is made later. Nothing of this is seen but the distance to live.
 */
export class Climb {
  readonly #playback: Playback;
  readonly #player: WhepPlayer;
  #wanted = false;

  constructor(playback: Playback) {
    this.#playback = playback;
    this.#player = new WhepPlayer({ target: () => this.#target(), retry: RETRY });
    this.#player.on('state', (state) => this.#onState(state));
    for (const name of ['mode', 'view', 'session', 'quality'] as const) {
      playback.on(name, () => this.#consider());
    }
    window.addEventListener('online', () => this.#player.hurry());
    this.#consider();
  }

  /** Begins as soon as it makes sense, ends as soon as it makes none. */
  #consider(): void {
    const { play, following, wantsToPlay, soundOnly, view } = this.#playback;
    const wanted =
      'RTCPeerConnection' in window &&
      play?.latency === 'ultra' &&
      view.name === 'playing' &&
      following &&
      wantsToPlay &&
      !soundOnly;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#player.start();
    else this.#player.stop();
  }

  /** Asked anew each time: an event that was not on air had no address. */
  async #target(): Promise<{ url: string; token: string | undefined }> {
    const { wire, eventId } = this.#playback;
    const known = this.#playback.play;
    const answer = known?.whep === undefined ? await askPlay(wire, eventId) : undefined;
    const play = answer?.finding === 'found' ? answer.play : known;
    if (play?.whep === undefined) throw new Error('no WebRTC of this event');
    return { url: play.whep, token: play.token };
  }

  #onState(state: WhepState): void {
    if (state.name !== 'playing') {
      if ('problem' in state) console.info(`amphi: webrtc ${state.name}: ${state.problem.code}`);
      return;
    }
    const playback = this.#playback;
    playback.adoptLive((video) => {
      const session = new RtcSession(video, {
        player: this.#player,
        stream: state.stream,
        nowMs: () => playback.follower.nowMs,
        keptFromMs: () => keptFromMs(playback),
      });
      if (playback.quality !== undefined) session.select(playback.quality);
      return session;
    });
  }
}

/** Beginning of what is kept of the programme, epoch milliseconds. */
function keptFromMs({ info, play, follower }: Playback): number | undefined {
  const { startedAt } = info;
  if (startedAt === undefined) return undefined;
  return Math.max(startedAt, follower.nowMs - (play?.dvrSeconds ?? 0) * 1000);
}
