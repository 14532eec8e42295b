import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { AmphiError, isAmphiError, type Logger, messageOf } from '#base';
import {
  ControlRequest,
  FRAME_CONTROL,
  FrameReader,
  frame,
  isRequestName,
  type Notice,
  REQUESTS,
  type RequestName,
  type WorkerClient,
} from '#callserver';
import { bearerOf, type TokenIssuer, validate } from '#platform';
import type { WorkerPool } from '../worker-pool.ts';
import { LINK_BEAT, LINK_BEAT_MS, LINK_SILENCE_MS } from './protocol.ts';

/** Not for an owner elsewhere: settings, streams of packets through this process, unencrypted ports. */
const REFUSED: ReadonlySet<RequestName> = new Set([
  'configure',
  'createDirectTransport',
  'createPlainTransport',
]);
/** An owner that does not read is cut off. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
const ids = z.object({
  routerId: z.string().optional(),
  transportId: z.string().optional(),
  producerId: z.string().optional(),
  consumerId: z.string().optional(),
  dataProducerId: z.string().optional(),
  dataConsumerId: z.string().optional(),
});
const ID_KINDS = [
  'routerId',
  'transportId',
  'producerId',
  'consumerId',
  'dataProducerId',
  'dataConsumerId',
] as const;
/** Requests that make something, and whose id it gets. */
const MADE_BY: Partial<Record<RequestName, (typeof ID_KINDS)[number]>> = {
  createRouter: 'routerId',
  createWebRtcTransport: 'transportId',
  createPipeTransport: 'transportId',
  produce: 'producerId',
  consume: 'consumerId',
  produceData: 'dataProducerId',
  consumeData: 'dataConsumerId',
};

export interface WorkerLinksOptions {
  pool: WorkerPool;
  tokens: TokenIssuer;
  /** What all call-server nodes of the cluster know, for their pipes. */
  pipeSecret: string;
  log: Logger;
}

/** Lends workers of this node to owners on others. */
export class WorkerLinks {
  readonly #options: WorkerLinksOptions;

  constructor(options: WorkerLinksOptions) {
    this.#options = options;
  }

  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pool, tokens, pipeSecret, log } = this.#options;
    await tokens.verify('node', bearerOf(req.headers.authorization));
    if (req.method !== 'POST') throw new AmphiError('method_not_allowed');
    const { worker, release } = pool.take();
    const link = new WorkerLink(worker, pipeSecret, (bytes) => {
      if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
      else res.write(bytes);
    });
    res.writeHead(200, { 'content-type': 'application/octet-stream' });
    res.flushHeaders();
    const beat = setInterval(() => res.write(frame(LINK_BEAT)), LINK_BEAT_MS);
    const offClosed = worker.on('closed', () => res.destroy());
    let silence = setTimeout(() => res.destroy(), LINK_SILENCE_MS);
    req.on('data', (chunk: Buffer) => {
      clearTimeout(silence);
      silence = setTimeout(() => res.destroy(), LINK_SILENCE_MS);
      try {
        link.push(chunk);
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'a worker link broke the protocol');
        res.destroy();
      }
    });
    req.on('error', () => res.destroy());
    req.on('end', () => res.destroy());
    res.on('close', () => {
      clearInterval(beat);
      clearTimeout(silence);
      offClosed();
      release();
      link.close();
    });
  };
}

/** One owner elsewhere, and what it has made in a worker here. */
class WorkerLink {
  readonly #worker: WorkerClient;
  readonly #pipeSecret: string;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #reader = new FrameReader();
  readonly #routers = new Set<string>();
  /** All that this owner has made, by id. */
  readonly #own = new Set<string>();
  readonly #off: () => void;

  constructor(worker: WorkerClient, pipeSecret: string, write: (bytes: Uint8Array) => void) {
    this.#worker = worker;
    this.#pipeSecret = pipeSecret;
    this.#write = write;
    this.#off = worker.on('notice', (notice) => this.#onNotice(notice));
  }

  /** Throws when it is no request. */
  push(chunk: Buffer): void {
    for (const { kind, payload } of this.#reader.push(chunk)) {
      if (kind === FRAME_CONTROL) this.#onRequest(JSON.parse(payload.toString()));
    }
  }

  #send(message: unknown): void {
    this.#write(frame(FRAME_CONTROL, Buffer.from(JSON.stringify(message))));
  }

  #onNotice(notice: Notice): void {
    if (notice.notice === 'fault') return;
    const { routerId, transportId, consumerId } = ids.parse(notice);
    const about = routerId ?? transportId ?? consumerId ?? '';
    if (!this.#own.has(about)) return;
    this.#send(notice);
    if (notice.notice === 'dataProducerOpened') this.#own.add(notice.dataProducerId);
    if (notice.notice === 'dataProducerClosed') this.#own.delete(notice.dataProducerId);
    if (notice.notice === 'dataConsumerClosed') this.#own.delete(notice.dataConsumerId);
    if (notice.notice === 'transportClosed' || notice.notice === 'consumerClosed') {
      this.#own.delete(about);
    }
  }

  #onRequest(message: unknown): void {
    const { request, name, input } = ControlRequest.parse(message);
    this.#run(name, input).then(
      (output) => this.#send({ answer: request, output }),
      (error) => {
        const code = isAmphiError(error) ? error.code : 'internal';
        this.#send({ answer: request, error: { code, message: messageOf(error) } });
      },
    );
  }

  async #run(name: string, input: unknown): Promise<unknown> {
    if (!isRequestName(name) || REFUSED.has(name)) {
      throw new AmphiError('bad_request', `no request "${name}" over a link`);
    }
    const valid = validate(REQUESTS[name].input, input);
    const asked = ids.parse(valid);
    const made = MADE_BY[name];
    const strange = ID_KINDS.find((kind) => kind !== made && !this.#owns(asked[kind]));
    if (strange !== undefined) {
      // What is not there has been closed already; what somebody else made is not there.
      if (name.startsWith('close')) return {};
      throw new AmphiError('not_found', `no ${strange} ${asked[strange]}`);
    }
    const madeId = made === undefined ? undefined : asked[made];
    const fresh = madeId !== undefined && !this.#own.has(madeId);
    // Notices about it may come before the answer.
    if (fresh) this.#own.add(madeId);
    const sealed = name === 'connectPipeTransport' ? { secret: this.#pipeSecret } : {};
    try {
      const output = await this.#worker.request(name, { ...valid, ...sealed } as never);
      if (name === 'createRouter' && fresh) this.#routers.add(madeId);
      return output;
    } catch (error) {
      if (fresh) this.#own.delete(madeId);
      throw error;
    }
  }

  #owns(id: string | undefined): boolean {
    return id === undefined || this.#own.has(id);
  }

  close(): void {
    this.#off();
    for (const routerId of this.#routers) {
      // A worker that has gone has nothing left to close.
      this.#worker.request('closeRouter', { routerId }).catch(() => {});
    }
  }
}
