import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { AmphiError, type Closable, Emitter, isAmphiError, messageOf } from '#base';
import { frame } from '#callserver';
import {
  type Cast,
  PUBLICATION_EVENT_HEADER,
  PUBLICATION_OPENING,
  PUBLICATION_SOURCE_HEADER,
  PUBLICATION_UNIT,
  type PublicationOpening,
  type PublicationUnit,
  publicationEndSchema,
  publicationUnitHeader,
  STAGE_CAST,
  STAGE_TRACK_BYTES,
  STAGE_UNIT,
} from '#contracts';
import { type NodeClient, readProblem } from '#platform';

/** An ingest node that does not take its media in time loses some, up to the next key frame. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
const ANSWER_MS = 20_000;
const MAX_END_BYTES = 10_000;

type Events = {
  /** The ingest node ended it, saying why, or the stream broke off. */
  closed: readonly [reason: string];
};

/** A publisher's media on its way to the ingest node that has its event. */
export class PublicationLink extends Emitter<Events> implements Closable {
  readonly eventId: string;
  readonly sourceId: string;
  readonly #req: ClientRequest;
  #closed = false;
  /** Tracks of pictures that have lost some; of a publisher's there is one, and it has no number. */
  readonly #torn = new Set<number | undefined>();
  /** Units that the ingest node did not take in time. */
  dropped = 0;

  private constructor(req: ClientRequest, res: IncomingMessage) {
    super();
    this.eventId = String(res.headers[PUBLICATION_EVENT_HEADER]);
    this.sourceId = String(res.headers[PUBLICATION_SOURCE_HEADER]);
    this.#req = req;
    req.on('error', (error) => this.#end(messageOf(error)));
    this.#listen(res);
  }

  /**
   * Asks the ingest nodes, until one takes the publisher. Throws what it says:
   * `unauthorized`, `event_not_found`, `source_not_found`, `source_busy`,
   * `conflict`, or `unavailable` when none can be reached.
   */
  static async open(nodes: NodeClient, opening: PublicationOpening): Promise<PublicationLink> {
    let failure: unknown;
    let elsewhere: AmphiError | undefined;
    for (const { url } of await nodes.nodes('ingest')) {
      try {
        return await ask(`${url}/publication`, await nodes.authorization(), opening);
      } catch (error) {
        if (isAmphiError(error, 'conflict')) elsewhere = error;
        else if (isAmphiError(error)) throw error;
        else failure = error;
      }
    }
    if (elsewhere !== undefined) throw elsewhere;
    const detail = `no ingest node answers: ${messageOf(failure)}`;
    throw new AmphiError('unavailable', { detail, cause: failure });
  }

  /** Opened by `open`. */
  static opened(req: ClientRequest, res: IncomingMessage): PublicationLink {
    return new PublicationLink(req, res);
  }

  /** With a track's number where the publication is a room's. */
  send(unit: PublicationUnit, track?: number): void {
    if (this.#closed) return;
    const video = unit.codec !== 'opus';
    if (this.#req.writableLength > MAX_BACKLOG_BYTES) {
      if (video) this.#torn.add(track);
      this.dropped++;
      return;
    }
    if (video && this.#torn.has(track)) {
      if (!unit.key) {
        this.dropped++;
        return;
      }
      this.#torn.delete(track);
    }
    const head = publicationUnitHeader(unit);
    if (track === undefined) this.#req.write(frame(PUBLICATION_UNIT, head, unit.payload));
    else this.#req.write(frame(STAGE_UNIT, trackHeader(track), head, unit.payload));
  }

  /** Says who is on stage from now on. */
  sendCast(cast: Cast): void {
    if (!this.#closed) this.#req.write(frame(STAGE_CAST, Buffer.from(JSON.stringify(cast))));
  }

  async close(): Promise<void> {
    this.#end('the publisher stopped');
  }

  async #listen(res: IncomingMessage): Promise<void> {
    let text = '';
    try {
      for await (const chunk of res) {
        if (text.length < MAX_END_BYTES) text += String(chunk);
      }
      this.#end(publicationEndSchema.parse(JSON.parse(text)).reason);
    } catch {
      this.#end('the ingest node has gone');
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#req.destroy();
    this.emit('closed', reason);
  }
}

function trackHeader(track: number): Uint8Array {
  const head = Buffer.alloc(STAGE_TRACK_BYTES);
  head.writeUInt16BE(track);
  return head;
}

function ask(
  url: string,
  authorization: string,
  opening: PublicationOpening,
): Promise<PublicationLink> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/octet-stream' };
    const req = request(url, { method: 'POST', headers, agent: false });
    req.setNoDelay(true);
    const late = setTimeout(() => req.destroy(new AmphiError('timeout')), ANSWER_MS);
    req.once('error', reject);
    req.once('response', (res) => {
      clearTimeout(late);
      req.off('error', reject);
      if (res.statusCode === 200) {
        resolve(PublicationLink.opened(req, res));
        return;
      }
      req.on('error', () => {});
      readProblem(res)
        .then(reject, reject)
        .finally(() => req.destroy());
    });
    req.write(frame(PUBLICATION_OPENING, Buffer.from(JSON.stringify(opening))));
  });
}
