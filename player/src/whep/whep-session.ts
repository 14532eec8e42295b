import { Emitter } from '#base';
import { iceFragment } from '../publish/fragment.ts';
import { iceServersOf, linkTo } from '../publish/links.ts';
import { readLayers, type WhepLayer } from './layers.ts';
import { problemOfAnswer, type WhepProblem } from './problem.ts';

export interface WhepTarget {
  /** The WHEP endpoint. */
  url: string;
  /** For private events. */
  token?: string | undefined;
}

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

const ANSWER_MS = 10_000;
const TRICKLE_MS = 50;
const EVENTS_EXTENSION = 'urn:ietf:params:whep:ext:core:server-sent-events';
const LAYER_EXTENSION = 'urn:ietf:params:whep:ext:core:layer';
const WANTED_EVENTS = ['layers', 'reconnect'] as const;

/**
 * One session of a WHEP client (draft-ietf-wish-whep) with its extensions for
 * layers and events. It never connects again: who wants that begins another one.
 */
export class WhepSession extends Emitter<Events> {
  readonly peer: RTCPeerConnection;
  /** Sound and picture, to be given to a media element. */
  readonly stream = new MediaStream();
  readonly #target: WhepTarget;
  #resource: { url: string; etag: string | undefined } | undefined;
  #layerUrl: string | undefined;
  #section = '0';
  #layers: readonly WhepLayer[] = [];
  #events: EventSource | undefined;
  #candidates: RTCIceCandidate[] = [];
  #complete = false;
  #trickle: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(target: WhepTarget) {
    super();
    this.#target = target;
    this.peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.peer.addEventListener('track', ({ track }) => this.stream.addTrack(track));
    this.peer.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') this.#complete = true;
      else this.#candidates.push(candidate);
      this.#trickleSoon();
    });
  }

  /** Joins. Rejects with `WhepError`; the signal gives up. */
  static async begin(target: WhepTarget, signal: AbortSignal): Promise<WhepSession> {
    const session = new WhepSession(target);
    try {
      await session.#negotiate(signal);
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
      headers: { ...this.#authorization(), 'content-type': 'application/json' },
      ...(rid === undefined
        ? { method: 'DELETE' }
        : { method: 'POST', body: JSON.stringify({ mediaId: this.#section, rid }) }),
    });
    if (!response.ok) throw new WhepError(problemOfAnswer(response.status));
  }

  /** Ends it, at the server too; also while the page goes away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#trickle);
    this.#events?.close();
    this.removeAll();
    this.peer.close();
    if (this.#resource === undefined) return;
    fetch(this.#resource.url, {
      method: 'DELETE',
      headers: this.#authorization(),
      keepalive: true,
    }).catch(() => {});
  }

  async #negotiate(signal: AbortSignal): Promise<void> {
    const { peer } = this;
    peer.addTransceiver('video', { direction: 'recvonly' });
    peer.addTransceiver('audio', { direction: 'recvonly' });
    const offer = await peer.createOffer();
    await peer.setLocalDescription({ type: 'offer', sdp: inStereo(offer.sdp ?? '') });
    const { sdp, response } = await this.#post(signal);
    const field = response.headers.get('link');
    const at = (target: string | null | undefined) =>
      target === null || target === undefined ? undefined : new URL(target, response.url).href;
    const resource = at(response.headers.get('location'));
    if (resource !== undefined) {
      this.#resource = { url: resource, etag: response.headers.get('etag') ?? undefined };
    }
    if (this.#closed || signal.aborted) throw signal.reason;
    const iceServers = iceServersOf(field);
    if (iceServers.length > 0) peer.setConfiguration({ ...peer.getConfiguration(), iceServers });
    await peer.setRemoteDescription({ type: 'answer', sdp });
    this.#trickleSoon();
    this.#layerUrl = at(linkTo(field, LAYER_EXTENSION));
    const events = at(linkTo(field, EVENTS_EXTENSION));
    // What it tells is of use, and nothing waits for it.
    if (events !== undefined) this.#listen(events).catch(() => {});
  }

  async #post(signal: AbortSignal): Promise<{ sdp: string; response: Response }> {
    let response: Response;
    let sdp: string;
    try {
      response = await fetch(this.#target.url, {
        method: 'POST',
        headers: { ...this.#authorization(), 'content-type': 'application/sdp' },
        body: this.peer.localDescription?.sdp ?? '',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      sdp = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new WhepError(problemOfAnswer(0));
    }
    if (response.status === 201) return { sdp, response };
    throw new WhepError(problemOfAnswer(response.status));
  }

  async #listen(url: string): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...this.#authorization(), 'content-type': 'application/json' },
      body: JSON.stringify(WANTED_EVENTS),
    });
    const location = response.headers.get('location');
    if (!response.ok || location === null || this.#closed) return;
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

  #trickleSoon(): void {
    if (this.#trickle !== undefined || this.#resource?.etag === undefined || this.#closed) return;
    if (this.#candidates.length === 0 && !this.#complete) return;
    this.#trickle = setTimeout(() => {
      this.#trickle = undefined;
      this.#patch();
    }, TRICKLE_MS);
  }

  /** A server that takes none (405, 422) has said so once; the session goes on without. */
  async #patch(): Promise<void> {
    const resource = this.#resource;
    if (resource?.etag === undefined || this.#closed) return;
    const body = iceFragment(
      this.peer.localDescription?.sdp ?? '',
      this.#candidates.splice(0),
      this.#complete,
    );
    this.#complete = false;
    const response = await fetch(resource.url, {
      method: 'PATCH',
      headers: {
        ...this.#authorization(),
        'content-type': 'application/trickle-ice-sdpfrag',
        'if-match': resource.etag,
      },
      body,
    }).catch(() => undefined);
    if (response !== undefined && !response.ok) resource.etag = undefined;
  }

  #authorization(): Record<string, string> {
    const { token } = this.#target;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }
}

/** Browsers decode Opus in mono unless their own description asks for more (RFC 7587 6.1). */
const inStereo = (sdp: string): string =>
  sdp.replace(/^(a=fmtp:\d+ .*useinbandfec=1)(?!.*stereo)/gm, '$1;stereo=1');
