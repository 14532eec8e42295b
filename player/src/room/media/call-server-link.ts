import { type RetryPolicy, retryDelayMs } from '#base';
import { withSoundRepairs } from './codecs.ts';
import { setIceServers } from './ice-servers.ts';
import type { Slot } from './slots.ts';

export interface Offer {
  sdp: string;
  /** Names this RTCPeerConnection, so that an answer to an earlier one is not taken for one to this. */
  connection: string;
  labels?: Record<string, Slot>;
}

/** What one of the two sessions with the call server needs from its surroundings. */
export interface LinkOptions<Answer extends { sdp: string }> {
  /** As they are now: the credentials of TURN servers run out. */
  iceServers: () => RTCIceServer[];
  /** One that is there already, for the first connection. */
  prepared?: (configuration: RTCConfiguration) => RTCPeerConnection | undefined;
  /** Makes the sections ready for the next offer. */
  prepare: (connection: RTCPeerConnection) => void;
  labels?: (connection: RTCPeerConnection) => Record<string, Slot>;
  /** Sends the offer; resolves with the answer, rejects when there is none. */
  offer: (offer: Offer) => Promise<Answer>;
  onAnswer?: (connection: RTCPeerConnection, answer: Answer) => void;
  /** A new connection takes the place of the old one: nothing of the old one counts any more. */
  onNew?: (connection: RTCPeerConnection) => void;
  onState: (state: RTCPeerConnectionState) => void;
}

const RETRY: RetryPolicy = { baseMs: 300, capMs: 5_000, jitter: 0.3, attempts: 1 };
/** ICE may find its way again by itself for so long. */
const DISCONNECTED_MS = 1_500;
/** After an ICE restart it has so long to find another one. */
const FIND_MS = 4_000;
/**
 * Of the first connection; each one after it has longer. A way that is slow is
 * found by then, and a port that somebody else had a moment ago is left.
 */
const CONNECT_MS = 5_000;
const MOST_CONNECT_MS = 20_000;
let made = 0;

/**
 * An ICE restart comes with a new DTLS association here, since the server has
 * another transport for it (RFC 8842 5.5). Firefox keeps the old association
 * and then hears nothing: there, the whole connection is made anew.
 */
const canRestartIce = (): boolean => !navigator.userAgent.includes('Firefox');

/**
 * One session with the call server: this side always offers. A connection that
 * breaks looks for another way by an ICE restart first; when that finds none in
 * time, it is made anew.
 */
export class CallServerLink<Answer extends { sdp: string }> {
  readonly #options: LinkOptions<Answer>;
  #connection: RTCPeerConnection;
  #name = '';
  #isNegotiating = false;
  #isDirty = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** It was connected, and has not looked for another way since. */
  #mayFind = false;
  /** Whose coming about is watched: further answers give it no more time. */
  #watched: RTCPeerConnection | undefined;
  #closed = false;

  constructor(options: LinkOptions<Answer>) {
    this.#options = options;
    this.#connection = this.#open();
  }

  get connection(): RTCPeerConnection {
    return this.#connection;
  }

  /** Offers anew; what is asked for while an offer is under way is one more offer after it. */
  negotiate(): void {
    this.#isDirty = true;
    if (!this.#isNegotiating && !this.#closed) this.#run(this.#connection);
  }

  /** Begins with a new connection: the old one, or the server behind it, is gone. */
  restart(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#detach();
    this.#mayFind = false;
    this.#connection = this.#open();
    this.#isNegotiating = false;
    this.negotiate();
  }

  /**
   * Looks for another way, since the network has changed: an ICE restart
   * (RFC 8839 4.4.1.1.1), with which everything that is sent and received goes on.
   */
  findWay(): void {
    const connection = this.#connection;
    if (this.#closed || connection.connectionState === 'new') return;
    if (canRestartIce() && this.#mayFind) {
      this.#mayFind = false;
      setIceServers(connection, this.#options.iceServers());
      connection.restartIce();
      this.negotiate();
      this.#watch(connection, FIND_MS);
    } else if (connection.connectionState !== 'connected') {
      this.#again();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#detach();
  }

  #open(): RTCPeerConnection {
    const { iceServers, prepared } = this.#options;
    const configuration: RTCConfiguration = {
      iceServers: iceServers(),
      bundlePolicy: 'max-bundle',
    };
    const connection = prepared?.(configuration) ?? new RTCPeerConnection(configuration);
    this.#name = `${Date.now().toString(36)}-${++made}`;
    connection.onconnectionstatechange = () => this.#onState(connection);
    this.#options.onNew?.(connection);
    return connection;
  }

  async #run(connection: RTCPeerConnection): Promise<void> {
    this.#isNegotiating = true;
    try {
      while (this.#isDirty && connection === this.#connection) {
        this.#isDirty = false;
        this.#options.prepare(connection);
        // Nothing to send or to receive yet.
        if (connection.getTransceivers().length === 0) break;
        await connection.setLocalDescription();
        const labels = this.#options.labels?.(connection);
        const answer = await this.#options.offer({
          sdp: withSoundRepairs(connection.localDescription?.sdp ?? ''),
          connection: this.#name,
          ...(labels === undefined ? {} : { labels }),
        });
        if (connection !== this.#connection) return;
        await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
        this.#options.onAnswer?.(connection, answer);
        if (this.#watched !== connection) {
          this.#watched = connection;
          this.#watch(connection, Math.min(CONNECT_MS * 2 ** this.#attempt, MOST_CONNECT_MS));
        }
      }
    } catch (error) {
      if (connection !== this.#connection || this.#closed) return;
      console.warn('call server:', error);
      this.#again();
    } finally {
      if (connection === this.#connection) this.#isNegotiating = false;
    }
  }

  #onState(connection: RTCPeerConnection): void {
    if (connection !== this.#connection) return;
    const { connectionState } = connection;
    this.#options.onState(connectionState);
    if (connectionState === 'connected') {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#mayFind = true;
    }
    if (connectionState === 'failed') this.findWay();
    if (connectionState === 'disconnected' && this.#mayFind) {
      this.#watch(connection, DISCONNECTED_MS);
    }
  }

  #watch(connection: RTCPeerConnection, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (connection !== this.#connection) return;
      // The offer has a patience of its own.
      if (this.#isNegotiating) this.#watch(connection, ms);
      // Nothing was wrong with the way there was.
      else if (connection.connectionState === 'connected') this.#mayFind = true;
      else if (this.#mayFind) this.findWay();
      else this.#again();
    }, ms);
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#timer = setTimeout(() => this.restart(), retryDelayMs(RETRY, this.#attempt));
  }

  #detach(): void {
    this.#connection.onconnectionstatechange = null;
    this.#connection.ontrack = null;
    this.#connection.close();
  }
}
