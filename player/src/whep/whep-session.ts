import { HttpSession, linkTo, type SessionTarget } from '../http-session/index.ts';
import { readLayers, type WhepLayer } from './layers.ts';
import { problemOfAnswer, type WhepProblem } from './problem.ts';

/** Private events have a token. */
export type WhepTarget = SessionTarget;

/** The endpoint refused, or no media came. */
export class WhepError extends Error {
  readonly problem: WhepProblem;

  constructor(problem: WhepProblem) {
    super(problem.code);
    this.name = 'WhepError';
    this.problem = problem;
  }
}

type Events = {
  layers: [layers: readonly WhepLayer[]];
  /** The server ends the session, and has another one for whoever joins again. */
  replaced: [];
};

const EVENTS_EXTENSION = 'urn:ietf:params:whep:ext:core:server-sent-events';
const LAYER_EXTENSION = 'urn:ietf:params:whep:ext:core:layer';
const WANTED_EVENTS = ['layers', 'reconnect'] as const;

/** One session of a WHEP client (draft-ietf-wish-whep) with its extensions for layers and events. */
export class WhepSession extends HttpSession<Events> {
  /** Sound and picture, to be given to a media element. */
  readonly stream = new MediaStream();
  #layerUrl: string | undefined;
  #section = '0';
  #layers: readonly WhepLayer[] = [];
  #events: EventSource | undefined;

  /** Joins. Rejects with `WhepError`; the signal gives up. */
  static async begin(target: WhepTarget, signal: AbortSignal): Promise<WhepSession> {
    const session = new WhepSession(target);
    try {
      await session.#join(signal);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** What the server can send, best first. */
  get layers(): readonly WhepLayer[] {
    return this.#layers;
  }

  /** This layer at most; without one, what the path bears. Rejects when the server does not do it. */
  async choose(rid: string | undefined): Promise<void> {
    if (this.#layerUrl === undefined) throw new WhepError({ code: 'gone', passing: false });
    const response = await fetch(this.#layerUrl, {
      headers: { ...this.authorization(), 'content-type': 'application/json' },
      ...(rid === undefined
        ? { method: 'DELETE' }
        : { method: 'POST', body: JSON.stringify({ mediaId: this.#section, rid }) }),
    });
    if (!response.ok) throw this.refusal(response.status);
  }

  override close(): void {
    this.#events?.close();
    super.close();
  }

  protected override refusal(status: number): WhepError {
    return new WhepError(problemOfAnswer(status));
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { peer } = this;
    peer.addEventListener('track', ({ track }) => this.stream.addTrack(track));
    peer.addTransceiver('video', { direction: 'recvonly' });
    peer.addTransceiver('audio', { direction: 'recvonly' });
    const response = await this.negotiate(signal, inStereo);
    const field = response.headers.get('link');
    const at = (target: string | undefined) =>
      target === undefined ? undefined : new URL(target, response.url).href;
    this.#layerUrl = at(linkTo(field, LAYER_EXTENSION));
    const events = at(linkTo(field, EVENTS_EXTENSION));
    // What it tells is of use, and nothing waits for it.
    if (events !== undefined) this.#listen(events).catch(() => {});
  }

  async #listen(url: string): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...this.authorization(), 'content-type': 'application/json' },
      body: JSON.stringify(WANTED_EVENTS),
    });
    const location = response.headers.get('location');
    if (!response.ok || location === null || this.closed) return;
    const events = new EventSource(new URL(location, response.url));
    this.#events = events;
    events.addEventListener('layers', ({ data }: MessageEvent<string>) => {
      const read = readLayers(data);
      if (read === undefined) return;
      this.#section = read.section;
      this.#layers = read.layers;
      this.emit('layers', read.layers);
    });
    events.addEventListener('reconnect', () => this.emit('replaced'));
  }
}

/** Browsers decode Opus in mono unless their own description asks for more (RFC 7587 6.1). */
const inStereo = (sdp: string): string =>
  sdp.replace(/^(a=fmtp:\d+ .*useinbandfec=1)(?!.*stereo)/gm, '$1;stereo=1');
