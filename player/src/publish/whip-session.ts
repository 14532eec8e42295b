import { iceFragment, restartedAnswer, restartFragment } from './fragment.ts';
import { iceServersOf } from './links.ts';
import { type PublishProblem, problemOfAnswer } from './problem.ts';

export interface WhipTarget {
  /** The WHIP endpoint. */
  url: string;
  /** The stream key, or a token made for this source. */
  token: string;
}

export interface SendSettings {
  maxVideoBitsPerSecond: number;
  /** A screen keeps its sharpness, a camera its smoothness. */
  content: 'camera' | 'screen';
}

/** The endpoint refused, or could not be reached. */
export class WhipError extends Error {
  readonly problem: PublishProblem;

  constructor(problem: PublishProblem) {
    super(problem.text);
    this.name = 'WhipError';
    this.problem = problem;
  }
}

const ANSWER_MS = 10_000;
/** The server lets a silent session go after 5 s. */
const RESTART_MS = 2_000;
const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';
/** Candidates that come close together go in one request. */
const TRICKLE_MS = 50;
const MAX_AUDIO_BITS_PER_SECOND = 128_000;

/**
 * One session of a WHIP client (RFC 9725): an offer is posted, candidates
 * follow as they are found, DELETE ends it. It never connects again: who wants
 * that begins another one.
 */
export class WhipSession {
  readonly peer: RTCPeerConnection;
  readonly #target: WhipTarget;
  #resource: { url: string; etag: string | undefined } | undefined;
  #candidates: RTCIceCandidate[] = [];
  #complete = false;
  #trickle: ReturnType<typeof setTimeout> | undefined;
  #restarting = false;
  #closed = false;

  private constructor(target: WhipTarget, peer: RTCPeerConnection) {
    this.#target = target;
    this.peer = peer;
    peer.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') this.#complete = true;
      else this.#candidates.push(candidate);
      this.#trickleSoon();
    });
  }

  /** Sends these tracks. Rejects with `WhipError`; the signal gives up. */
  static async begin(
    target: WhipTarget,
    tracks: readonly MediaStreamTrack[],
    settings: SendSettings,
    signal: AbortSignal,
  ): Promise<WhipSession> {
    const session = new WhipSession(target, new RTCPeerConnection({ bundlePolicy: 'max-bundle' }));
    try {
      await session.#negotiate(tracks, settings, signal);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Puts another track in the place of the one of its kind; `undefined` sends nothing of that kind. */
  async replace(kind: 'audio' | 'video', track: MediaStreamTrack | undefined): Promise<void> {
    const transceiver = this.peer
      .getTransceivers()
      .find(({ receiver }) => receiver.track.kind === kind);
    await transceiver?.sender.replaceTrack(track ?? null);
  }

  async set(settings: SendSettings): Promise<void> {
    for (const sender of this.peer.getSenders()) await limit(sender, settings);
  }

  /**
   * Looks for another way to the server, in the same session, after the network
   * has changed (RFC 9725 4.3.3). Resolves with whether it has agreed; when not,
   * it takes another session.
   */
  async restart(signal: AbortSignal): Promise<boolean> {
    const resource = this.#resource;
    const answer = this.peer.currentRemoteDescription?.sdp;
    if (resource === undefined || answer === undefined || this.#restarting) return false;
    this.#restarting = true;
    try {
      // What was found of the network before is worth nothing now.
      this.#candidates = [];
      this.#complete = false;
      this.peer.restartIce();
      await this.peer.setLocalDescription();
      const response = await fetch(resource.url, {
        method: 'PATCH',
        headers: { ...this.#authorization(), 'content-type': SDP_FRAGMENT, 'if-match': '*' },
        body: restartFragment(this.peer.localDescription?.sdp ?? ''),
        signal: AbortSignal.any([signal, AbortSignal.timeout(RESTART_MS)]),
      });
      const sdp = response.ok ? restartedAnswer(answer, await response.text()) : undefined;
      if (sdp === undefined || this.#closed) return false;
      resource.etag = response.headers.get('etag') ?? undefined;
      await this.peer.setRemoteDescription({ type: 'answer', sdp });
      return true;
    } catch {
      // The network is not there, or the browser cannot: another session it is.
      return false;
    } finally {
      this.#restarting = false;
      this.#trickleSoon();
    }
  }

  /** Ends it, at the server too; also while the page goes away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#trickle);
    this.peer.close();
    if (this.#resource === undefined) return;
    fetch(this.#resource.url, {
      method: 'DELETE',
      headers: this.#authorization(),
      keepalive: true,
    }).catch(() => {});
  }

  async #negotiate(
    tracks: readonly MediaStreamTrack[],
    settings: SendSettings,
    signal: AbortSignal,
  ): Promise<void> {
    const { peer } = this;
    const stream = new MediaStream([...tracks]);
    // Both kinds always: a track that is added later needs no further offer.
    for (const kind of ['audio', 'video'] as const) {
      const track = tracks.find((one) => one.kind === kind);
      peer.addTransceiver(track ?? kind, { direction: 'sendonly', streams: [stream] });
    }
    // It is set only afterwards: then the browser looks for its addresses, and asks
    // the TURN servers that the answer comes with.
    const offer = await peer.createOffer();
    const { sdp, response } = await this.#post(offer.sdp ?? '', signal);
    const location = response.headers.get('location');
    if (location !== null) {
      const url = new URL(location, response.url).href;
      this.#resource = { url, etag: response.headers.get('etag') ?? undefined };
    }
    if (this.#closed || signal.aborted) throw signal.reason;
    const iceServers = iceServersOf(response.headers.get('link'));
    if (iceServers.length > 0) peer.setConfiguration({ ...peer.getConfiguration(), iceServers });
    await peer.setLocalDescription(offer);
    await peer.setRemoteDescription({ type: 'answer', sdp });
    await this.set(settings);
    this.#trickleSoon();
  }

  async #post(offer: string, signal: AbortSignal): Promise<{ sdp: string; response: Response }> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#target.url, {
        method: 'POST',
        headers: { ...this.#authorization(), 'content-type': 'application/sdp' },
        body: offer,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new WhipError(problemOfAnswer(0, undefined));
    }
    if (response.status === 201) return { sdp: text, response };
    throw new WhipError(problemOfAnswer(response.status, detailOf(text)));
  }

  #trickleSoon(): void {
    if (this.#trickle !== undefined || this.#resource?.etag === undefined) return;
    if (this.#closed || this.#restarting) return;
    if (this.#candidates.length === 0 && !this.#complete) return;
    this.#trickle = setTimeout(() => {
      this.#trickle = undefined;
      this.#patch();
    }, TRICKLE_MS);
  }

  /** A server that takes none (405, 422) has said so once; the session goes on without. */
  async #patch(): Promise<void> {
    const resource = this.#resource;
    if (resource?.etag === undefined || this.#closed || this.#restarting) return;
    const candidates = this.#candidates.splice(0);
    if (candidates.length === 0 && !this.#complete) return;
    const body = iceFragment(this.peer.localDescription?.sdp ?? '', candidates, this.#complete);
    this.#complete = false;
    const response = await fetch(resource.url, {
      method: 'PATCH',
      headers: {
        ...this.#authorization(),
        'content-type': SDP_FRAGMENT,
        'if-match': resource.etag,
      },
      body,
    }).catch(() => undefined);
    if (response !== undefined && !response.ok) resource.etag = undefined;
  }

  #authorization(): { authorization: string } {
    return { authorization: `Bearer ${this.#target.token}` };
  }
}

async function limit(sender: RTCRtpSender, settings: SendSettings): Promise<void> {
  const kind = sender.track?.kind;
  const parameters = sender.getParameters();
  if (kind === undefined || parameters.encodings.length === 0) return;
  for (const encoding of parameters.encodings) {
    encoding.maxBitrate =
      kind === 'audio' ? MAX_AUDIO_BITS_PER_SECOND : settings.maxVideoBitsPerSecond;
  }
  if (kind === 'video') {
    const screen = settings.content === 'screen';
    parameters.degradationPreference = screen ? 'maintain-resolution' : 'balanced';
  }
  // What a browser does not let itself be told it decides by itself.
  await sender.setParameters(parameters).catch(() => {});
}

function detailOf(text: string): string | undefined {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title;
  } catch {
    return undefined;
  }
}
