import { type ClientRequest, request } from 'node:http';
import {
  AmphiError,
  BoundedQueue,
  delay,
  isAmphiError,
  type Logger,
  messageOf,
  retryDelayMs,
} from '#base';
import {
  PUSH_NEWEST_HEADER,
  type PushPosition,
  pushPositionSchema,
  RENDITION_HEADER,
  type Rendition,
} from '#contracts';
import { type NodeClient, readProblem } from '#platform';
import type { CutPart } from './cmaf/cutter.ts';

const RECONNECT = { baseMs: 50, capMs: 1_000, jitter: 0.2, attempts: Number.POSITIVE_INFINITY };
/** Parts kept to be sent again to an origin that lost them in a crash. */
const KEPT_BYTES = 48 * 1024 * 1024;
const KEPT_US = 12_000_000;
/** An origin that takes nothing for so long is given up and called again. */
const BACKLOG_LIMIT_BYTES = 32 * 1024 * 1024;

export interface PushOptions {
  eventId: string;
  nodes: NodeClient;
  /** A push token with the job's fence. */
  authorization: () => Promise<string>;
  log: Logger;
  /** A newer writer has taken over: this one must stop. */
  onSuperseded: () => void;
}

/** Where the origin stands with a rendition: what it holds ends there. Undefined parts mean it holds nothing. */
export async function askPosition(
  nodes: NodeClient,
  authorization: string,
  eventId: string,
  renditionId: string,
  runId: string,
): Promise<PushPosition> {
  const [origin] = await nodes.nodes('origin');
  const response = await fetch(`${origin?.url}/push/${eventId}/${renditionId}?run=${runId}`, {
    headers: { authorization },
    signal: AbortSignal.timeout(3_000),
  });
  if (!response.ok) throw new AmphiError('upstream_failed', `origin answered ${response.status}`);
  return pushPositionSchema.parse(await response.json());
}

/**
 * Pushes one rendition to the origin over one long HTTP PUT. When the
 * connection or the origin goes, it asks where the origin stands and sends the
 * rest again.
 */
export class RenditionPush {
  readonly #options: PushOptions;
  readonly #kept = new BoundedQueue<CutPart>({
    limit: KEPT_BYTES,
    weigh: (part) => part.bytes.length,
    drop: 'oldest',
  });
  readonly #abort = new AbortController();
  #rendition: Rendition | undefined;
  #init: Uint8Array | undefined;
  /** Where the newest part ends that was ever made for this rendition. */
  #newestUs: number | undefined;
  #put: ClientRequest | undefined;
  #looping = false;
  #finished: Promise<void> | undefined;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  /** What the parts that follow need; a changed one opens a new PUT. */
  configure(rendition: Rendition, init: Uint8Array): void {
    const same =
      this.#init !== undefined &&
      Buffer.compare(this.#init, init) === 0 &&
      JSON.stringify(this.#rendition) === JSON.stringify(rendition);
    if (same) return;
    this.#rendition = rendition;
    this.#init = init;
    this.#kept.clear();
    if (this.#put !== undefined) this.#put.end();
    this.#put = undefined;
    if (!this.#looping) this.#loop();
  }

  part(part: CutPart): void {
    this.#newestUs = part.endUs;
    this.#kept.push(part);
    for (const oldest of this.#kept) {
      if (part.endUs - oldest.endUs < KEPT_US) break;
      this.#kept.shift();
    }
    const put = this.#put;
    if (put === undefined) return;
    put.write(part.bytes);
    if (put.writableLength > BACKLOG_LIMIT_BYTES)
      put.destroy(new Error('the origin takes nothing'));
  }

  /** Sends what is left and says that the rendition has ended. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** Lets go at once; another worker may go on. */
  close(): void {
    this.#abort.abort(new AmphiError('closed'));
    this.#put?.destroy();
    this.#put = undefined;
  }

  /** Lets go, and has the origin take the rendition out of the ladder. */
  async withdraw(): Promise<void> {
    const { eventId, nodes, authorization } = this.#options;
    const rendition = this.#rendition;
    this.close();
    if (rendition === undefined) return;
    const [origin] = await nodes.nodes('origin');
    const response = await fetch(
      `${origin?.url}/push/${eventId}/${rendition.renditionId}?run=${rendition.runId}`,
      {
        method: 'DELETE',
        headers: { authorization: await authorization() },
        signal: AbortSignal.timeout(3_000),
      },
    );
    if (!response.ok) throw new AmphiError('upstream_failed', `origin answered ${response.status}`);
  }

  async #finish(): Promise<void> {
    const { eventId, nodes, authorization, log } = this.#options;
    const rendition = this.#rendition;
    const put = this.#put;
    if (rendition === undefined) return;
    if (put !== undefined) {
      const answered = new Promise<void>((resolve) => put.once('close', resolve));
      put.end();
      await Promise.race([answered, delay(2_000)]);
    }
    this.close();
    try {
      const [origin] = await nodes.nodes('origin');
      await fetch(
        `${origin?.url}/push/${eventId}/${rendition.renditionId}/end?run=${rendition.runId}`,
        {
          method: 'POST',
          headers: { authorization: await authorization() },
          signal: AbortSignal.timeout(3_000),
        },
      );
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the origin was not told of the end');
    }
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    const { signal } = this.#abort;
    const { log } = this.#options;
    for (let attempt = 0; !signal.aborted; ) {
      try {
        await this.#session();
        attempt = 0;
      } catch (error) {
        if (signal.aborted) break;
        if (isAmphiError(error, 'stale_fence')) {
          log.info({ rendition: this.#rendition?.renditionId }, 'another worker has taken over');
          this.close();
          this.#options.onSuperseded();
          break;
        }
        attempt++;
        log.warn(
          { rendition: this.#rendition?.renditionId, reason: messageOf(error), attempt },
          'push to the origin interrupted',
        );
        await delay(retryDelayMs(RECONNECT, attempt), signal).catch(() => {});
      }
    }
    this.#looping = false;
  }

  /** One PUT from its opening to its end. Rejects with what ended it. */
  async #session(): Promise<void> {
    const { eventId, nodes, authorization } = this.#options;
    const rendition = this.#rendition;
    const init = this.#init;
    if (rendition === undefined || init === undefined) throw new AmphiError('closed');
    const token = await authorization();
    const { renditionId, runId } = rendition;
    const position = await askPosition(nodes, token, eventId, renditionId, runId);
    const [origin] = await nodes.nodes('origin');
    await new Promise<void>((resolve, reject) => {
      const put = request(`${origin?.url}/push/${eventId}/${renditionId}`, {
        method: 'PUT',
        agent: false,
        headers: {
          authorization: token,
          'content-type': 'video/mp4',
          [RENDITION_HEADER]: JSON.stringify(rendition),
          ...(this.#newestUs === undefined
            ? {}
            : { [PUSH_NEWEST_HEADER]: Math.floor(this.#newestUs) }),
        },
      });
      put.setNoDelay(true);
      put.on('error', reject);
      put.on('response', (res) => {
        if (res.statusCode === 200) {
          res.resume();
          res.on('end', resolve);
        } else {
          readProblem(res).then(reject, reject);
        }
      });
      put.on('close', () => {
        if (this.#put === put) this.#put = undefined;
        reject(new AmphiError('upstream_failed', 'the origin closed the connection'));
      });
      if (this.#init !== init) {
        put.destroy();
        return;
      }
      const endUs = position.videoEndUs ?? position.audioEndUs ?? 0;
      put.write(init);
      for (const part of this.#kept) if (part.endUs > endUs + 1_000) put.write(part.bytes);
      this.#put = put;
    });
  }
}
