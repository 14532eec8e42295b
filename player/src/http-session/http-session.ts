import { Emitter } from '#base';
import { iceFragment, restartedAnswer, restartFragment } from './fragment.ts';
import { iceSteps } from './ice-steps.ts';
import { iceServersOf } from './links.ts';

export interface SessionTarget {
  /** The endpoint. */
  url: string;
  token?: string | undefined;
}

type EventMap = Record<string, readonly unknown[]>;

const ANSWER_MS = 10_000;
/** The server lets a silent session go after 5 s. */
const RESTART_MS = 2_000;
const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';
/** Candidates that come close together go in one request. */
const TRICKLE_MS = 50;

/**
 * One session of WHIP (RFC 9725) or WHEP (draft-ietf-wish-whep), which are the
 * same but for the way that media goes: an offer is posted, candidates follow as
 * they are found, ICE is restarted when the network changes, DELETE ends it. It
 * never connects again: who wants that begins another one.
 */
export abstract class HttpSession<Events extends EventMap> extends Emitter<Events> {
  readonly peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  readonly #target: SessionTarget;
  #resource: { url: string; etag: string | undefined } | undefined;
  #candidates: RTCIceCandidate[] = [];
  #complete = false;
  #trickle: ReturnType<typeof setTimeout> | undefined;
  #restarting = false;
  #closed = false;
  /** ICE servers for when those at hand do not do. */
  #further: RTCIceServer[][] = [];

  protected constructor(target: SessionTarget) {
    super();
    this.#target = target;
    this.peer.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') this.#complete = true;
      else this.#candidates.push(candidate);
      this.#trickleSoon();
    });
  }

  /** What it means that the endpoint answers so; status 0 is no answer at all. */
  protected abstract refusal(status: number, body: string): Error;

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the other side has ended the connection, and said so. */
  get hungUp(): boolean {
    const ends = [...this.peer.getSenders(), ...this.peer.getReceivers()];
    return ends.some(({ transport }) => transport?.state === 'closed');
  }

  /**
   * Posts the offer of the sections that there are, and takes the answer.
   * Rejects with what `refusal` says; the signal gives up.
   */
  protected async negotiate(
    signal: AbortSignal,
    rewrite: (offer: string) => string = (offer) => offer,
  ): Promise<Response> {
    const { peer } = this;
    const sdp = rewrite((await peer.createOffer()).sdp ?? '');
    // It is set only afterwards: then the browser looks for its addresses, and asks
    // the servers that the answer comes with.
    const { response, body } = await this.#post(sdp, signal);
    const location = response.headers.get('location');
    if (location !== null) {
      const url = new URL(location, response.url).href;
      this.#resource = { url, etag: response.headers.get('etag') ?? undefined };
    }
    if (this.#closed || signal.aborted) throw signal.reason;
    const [direct = [], ...further] = iceSteps(iceServersOf(response.headers.get('link')));
    this.#further = further;
    this.#configure(direct);
    await peer.setLocalDescription({ type: 'offer', sdp });
    await peer.setRemoteDescription({ type: 'answer', sdp: body });
    this.#trickleSoon();
    return response;
  }

  /**
   * Looks for another way to the server, in the same session, after the network
   * has changed (RFC 9725 4.3.3). Resolves with whether it has agreed; when not,
   * it takes another session.
   */
  async restart(signal: AbortSignal): Promise<boolean> {
    const resource = this.#resource;
    const answer = this.peer.remoteDescription?.sdp;
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
        headers: { ...this.authorization(), 'content-type': SDP_FRAGMENT, 'if-match': '*' },
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

  /**
   * No way was found with what there was: the next kind of relay is asked for,
   * TURN over UDP, then over TCP and TLS, by a restart. Resolves with false when
   * there is none left, or the server does not agree.
   */
  async widen(signal: AbortSignal): Promise<boolean> {
    if (this.#restarting) return true;
    const next = this.#further.shift();
    if (next === undefined) return false;
    this.#configure(next);
    return this.restart(signal);
  }

  /** Ends it, at the server too; also while the page goes away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#trickle);
    this.removeAll();
    this.peer.close();
    if (this.#resource === undefined) return;
    fetch(this.#resource.url, {
      method: 'DELETE',
      headers: this.authorization(),
      keepalive: true,
    }).catch(() => {});
  }

  protected authorization(): Record<string, string> {
    const { token } = this.#target;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #configure(iceServers: RTCIceServer[]): void {
    if (iceServers.length === 0) return;
    this.peer.setConfiguration({ ...this.peer.getConfiguration(), iceServers });
  }

  async #post(offer: string, signal: AbortSignal): Promise<{ response: Response; body: string }> {
    let response: Response;
    let body: string;
    try {
      response = await fetch(this.#target.url, {
        method: 'POST',
        headers: { ...this.authorization(), 'content-type': 'application/sdp' },
        body: offer,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      body = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      throw this.refusal(0, '');
    }
    if (response.status === 201) return { response, body };
    throw this.refusal(response.status, body);
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
    const { etag } = resource;
    const response = await fetch(resource.url, {
      method: 'PATCH',
      headers: { ...this.authorization(), 'content-type': SDP_FRAGMENT, 'if-match': etag },
      body,
    }).catch(() => undefined);
    // One that was under way while ICE was restarted says nothing of what comes after.
    if (response !== undefined && !response.ok && resource.etag === etag) resource.etag = undefined;
  }
}
