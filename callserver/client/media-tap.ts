import { AmphiError, type Closable, Emitter, randomId } from '#base';
import type { CodecName } from '../codecs.ts';
import { type AccessUnit, AccessUnitReader } from '../media/access-units.ts';
import { DEPACKETIZERS } from '../media/depacketizers.ts';
import type { WorkerClient } from './worker-client.ts';

const ID_CHARACTERS = 16;
/** Several round trips of repair between publisher and worker; nobody watches this end live. */
const MAX_WAIT_MS = 500;
const POLL_MS = 100;
/** Between a worker and its owner numbers mean nothing to anybody else. */
const PAYLOAD_TYPE = 96;
const SSRC = 1;

type Events = {
  unit: readonly [AccessUnit];
  /** The producer or the worker has gone, or this was closed. */
  closed: readonly [];
};

/** One producer's media, taken out of its worker as whole access units in decoding order. */
export class MediaTap extends Emitter<Events> implements Closable {
  readonly #worker: WorkerClient;
  readonly #transportId: string;
  readonly #consumerId: string;
  readonly #reader: AccessUnitReader;
  readonly #poll: NodeJS.Timeout;
  readonly #off: () => void;
  #handle = -1;
  #closed = false;

  private constructor(
    worker: WorkerClient,
    transportId: string,
    consumerId: string,
    codec: CodecName,
  ) {
    super();
    this.#worker = worker;
    this.#transportId = transportId;
    this.#consumerId = consumerId;
    this.#reader = new AccessUnitReader({
      codec,
      maxWaitMs: MAX_WAIT_MS,
      onUnit: (unit) => this.emit('unit', unit),
      onLoss: () => this.requestKeyFrame(),
    });
    this.#poll = setInterval(() => this.#reader.poll(performance.now()), POLL_MS);
    const offNotice = worker.on('notice', (notice) => {
      if (notice.notice === 'consumerClosed' && notice.consumerId === consumerId) {
        // Nobody waits for this; a worker that does not answer has its own end.
        this.close().catch(() => {});
      }
    });
    const offClosed = worker.on('closed', () => this.#end());
    this.#off = () => {
      offNotice();
      offClosed();
    };
  }

  static async open(
    worker: WorkerClient,
    routerId: string,
    producerId: string,
    codec: CodecName,
  ): Promise<MediaTap> {
    if (DEPACKETIZERS[codec] === undefined) {
      throw new AmphiError('unsupported_media', `no access units of ${codec}`);
    }
    const transportId = randomId(ID_CHARACTERS);
    const consumerId = randomId(ID_CHARACTERS);
    const tap = new MediaTap(worker, transportId, consumerId, codec);
    try {
      const { handle } = await worker.request('createDirectTransport', { routerId, transportId });
      tap.#handle = handle;
      worker.onPackets(handle, (packet) => tap.#reader.push(packet, performance.now()));
      const parameters = { payloadType: PAYLOAD_TYPE, ssrc: SSRC, nack: false, extensions: {} };
      await worker.request('consume', { transportId, consumerId, producerId, parameters });
    } catch (error) {
      await tap.close();
      throw error;
    }
    return tap;
  }

  /** Packets that could not be had in time. */
  get lost(): number {
    return this.#reader.lost;
  }

  /** Asks the publisher for a key frame; several wishes at once become one. */
  requestKeyFrame(): void {
    // It may have gone meanwhile: then no key frame is needed either.
    this.#worker.request('requestKeyFrame', { consumerId: this.#consumerId }).catch(() => {});
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#poll);
    this.#off();
    this.#worker.offPackets(this.#handle);
    this.emit('closed');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#end();
    await this.#worker.closeTransport(this.#transportId);
  }
}
