import { type ClientRequest, request } from 'node:http';
import { AmphiError, delay, isAmphiError, type Logger, messageOf, retryDelayMs } from '#base';
import { frame } from '#callserver';
import {
  RENDITION_FEED_OPENING,
  RENDITION_FEED_UNIT,
  type RenditionFeedOpening,
  type RenditionUnit,
  renditionUnitHeader,
} from '#contracts';
import { callServerOf, type NodeClient, readProblem } from '#platform';

const RECONNECT = { baseMs: 100, capMs: 3_000, jitter: 0.2, attempts: Number.POSITIVE_INFINITY };
/** A call server that does not take its media in time loses some, up to the next key frames: late is of no use. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Call servers come and go; the one that an event belongs to may be another one now. */
const LOOK_EVERY_MS = 2_000;

interface Track {
  index: number;
  /** What comes before its next key frame is of no use. */
  needsKey: boolean;
}

export interface RenditionFeedOptions {
  eventId: string;
  opening: RenditionFeedOpening;
  nodes: NodeClient;
  /** A push token with the job's fence. */
  authorization: () => Promise<string>;
  log: Logger;
}

/**
 * One job's pictures and sound on their way to the call server of its event,
 * for viewers over WebRTC. Connects again by itself; what is made meanwhile is
 * lost. A writer with a lower fence than another's is sent away for good.
 */
export class RenditionFeed {
  readonly #options: RenditionFeedOptions;
  readonly #abort = new AbortController();
  readonly #tracks: ReadonlyMap<string, Track>;
  #post: ClientRequest | undefined;

  constructor(options: RenditionFeedOptions) {
    this.#options = options;
    this.#tracks = new Map(
      options.opening.tracks.map(({ name }, index) => [name, { index, needsKey: true }]),
    );
    this.#loop();
  }

  /** A unit of a track by its name. The payload is copied. */
  send(name: string, { key, capturedUs, payload }: Omit<RenditionUnit, 'track'>): void {
    const post = this.#post;
    const track = this.#tracks.get(name);
    if (track === undefined) return;
    const late = post === undefined || post.writableLength > MAX_BACKLOG_BYTES;
    if (late || (track.needsKey && !key)) {
      track.needsKey = true;
      return;
    }
    track.needsKey = false;
    const header = renditionUnitHeader({ track: track.index, key, capturedUs });
    post.write(frame(RENDITION_FEED_UNIT, header, payload));
  }

  close(): void {
    this.#abort.abort(new AmphiError('closed'));
    this.#post?.end();
    this.#post = undefined;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    const { log } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const startedAt = performance.now();
      try {
        await this.#session();
      } catch (error) {
        if (signal.aborted || isAmphiError(error, 'stale_fence')) return;
        log.debug({ reason: messageOf(error), attempt }, 'no call server takes the renditions');
      }
      if (performance.now() - startedAt > RECONNECT.capMs) attempt = 1;
      await delay(retryDelayMs(RECONNECT, attempt), signal).catch(() => {});
    }
  }

  /** One connection, until it ends or the event belongs to another call server. */
  async #session(): Promise<void> {
    const { eventId, opening, authorization } = this.#options;
    const home = await this.#home();
    const post = request(`${home.url}/renditions/${eventId}`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: await authorization(),
        'content-type': 'application/octet-stream',
      },
    });
    post.setNoDelay(true);
    const look = setInterval(() => {
      this.#home().then(
        ({ nodeId }) => {
          if (nodeId !== home.nodeId) post.destroy(new AmphiError('closed', 'the event has moved'));
        },
        () => {},
      );
    }, LOOK_EVERY_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        post.once('error', reject);
        post.once('close', () => reject(new AmphiError('closed', 'the connection broke off')));
        post.once('response', (res) => {
          if (res.statusCode !== 200) {
            readProblem(res).then(reject, reject);
            return;
          }
          this.#post = post;
          res.resume();
          res.once('end', resolve);
        });
        if (this.#abort.signal.aborted) post.destroy();
        post.write(frame(RENDITION_FEED_OPENING, Buffer.from(JSON.stringify(opening))));
      });
    } finally {
      clearInterval(look);
      post.on('error', () => {});
      if (this.#post === post) this.#post = undefined;
      // What was written last is still to go out when the job has ended.
      if (!this.#abort.signal.aborted) post.destroy();
    }
  }

  async #home() {
    const { nodes, eventId } = this.#options;
    const home = callServerOf(eventId, await nodes.nodes('callserver'));
    if (home === undefined) throw new AmphiError('unavailable', 'no call server is up');
    return home;
  }
}
