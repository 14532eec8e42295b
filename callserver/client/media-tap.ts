import { AmphiError, type Closable, Emitter, randomId } from '#base';
import type { CodecName } from '../codecs.ts';
import { type AccessUnit, AccessUnitReader } from '../media/access-units.ts';
import { DEPACKETIZERS } from '../media/depacketizers.ts';
import { DirectLeg } from './direct-leg.ts';
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
  readonly #leg: DirectLeg;
  readonly #consumerId = randomId(ID_CHARACTERS);
  readonly #reader: AccessUnitReader;
  readonly #poll: NodeJS.Timeout;
  #handle = -1;

  private constructor(worker: WorkerClient, codec: CodecName) {
    super();
    this.#worker = worker;
    this.#reader = new AccessUnitReader({
      codec,
      maxWaitMs: MAX_WAIT_MS,
      onUnit: (unit) => this.emit('unit', unit),
      onLoss: () => this.requestKeyFrame(),
    });
    this.#poll = setInterval(() => this.#reader.poll(performance.now()), POLL_MS);
    this.#leg = new DirectLeg({
      worker,
      isEnd: (notice) =>
        notice.notice === 'consumerClosed' && notice.consumerId === this.#consumerId,
      onEnd: () => {
        clearInterval(this.#poll);
        worker.offPackets(this.#handle);
        this.emit('closed');
      },
    });
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
    const tap = new MediaTap(worker, codec);
    await tap.#leg.open(routerId, async (transportId, handle) => {
      tap.#handle = handle;
      worker.onPackets(handle, (packet) => tap.#reader.push(packet, performance.now()));
      const consumerId = tap.#consumerId;
      const parameters = { payloadType: PAYLOAD_TYPE, ssrc: SSRC, nack: false, extensions: {} };
      await worker.request('consume', { transportId, consumerId, producerId, parameters });
    });
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

  close(): Promise<void> {
    return this.#leg.close();
  }
}
