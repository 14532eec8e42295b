import type { Duplex } from 'node:stream';
import { AmphiError, Emitter, isAmphiError, isErrorCode, type Logger, messageOf } from '#base';
import { dataFrame, readDataFrame } from '../control/data-frames.ts';
import { FRAME_CONTROL, FRAME_DATA, FRAME_PACKET, FrameReader, frame } from '../control/frames.ts';
import {
  ControlAnswer,
  Notice,
  REQUESTS,
  type RequestInput,
  type RequestName,
  type RequestOutput,
} from '../control/messages.ts';
import type { DataMessage } from '../data-parameters.ts';

const ANSWER_MS = 5_000;

type Events = {
  notice: readonly [Notice];
  /** The worker has gone, or the way to it; asked for or not. */
  closed: readonly [];
};

interface Waiting {
  name: RequestName;
  resolve: (output: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** A worker, as its owner speaks to it over a stream of frames, wherever it is. */
export class WorkerClient extends Emitter<Events> {
  readonly #control: Duplex;
  readonly #logger: Logger;
  readonly #waiting = new Map<number, Waiting>();
  readonly #packetSinks = new Map<number, (packet: Buffer) => void>();
  readonly #dataSinks = new Map<number, (message: DataMessage) => void>();
  #nextRequest = 1;
  #open = true;

  constructor(control: Duplex, logger: Logger) {
    super();
    this.#control = control;
    this.#logger = logger;
    const reader = new FrameReader();
    control.on('data', (chunk: Buffer) => this.#onData(reader, chunk));
    control.on('error', (error) => this.end(error.message));
    control.on('close', () => this.end('the way to the worker has ended'));
  }

  get open(): boolean {
    return this.#open;
  }

  /** Rejects with the worker's own error, with `timeout`, or with `closed` when it has gone. */
  request<Name extends RequestName>(
    name: Name,
    input: RequestInput<Name>,
    patienceMs = ANSWER_MS,
  ): Promise<RequestOutput<Name>> {
    if (!this.#open) return Promise.reject(new AmphiError('closed', 'the worker has gone'));
    const request = this.#nextRequest++;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(request);
        reject(new AmphiError('timeout', `the worker did not answer ${name}`));
      }, patienceMs);
      this.#waiting.set(request, { name, resolve, reject, timer });
      this.#control.write(
        frame(FRAME_CONTROL, Buffer.from(JSON.stringify({ request, name, input }))),
      );
    }) as Promise<RequestOutput<Name>>;
  }

  /** Closes a transport; one in a worker that has gone is closed already. */
  async closeTransport(transportId: string): Promise<void> {
    try {
      await this.request('closeTransport', { transportId });
    } catch (error) {
      if (!isAmphiError(error, 'closed')) throw error;
    }
  }

  /** Whoever takes the packets of a direct transport; they are views that hold for the call. */
  onPackets(handle: number, sink: (packet: Buffer) => void): void {
    this.#packetSinks.set(handle, sink);
  }

  offPackets(handle: number): void {
    this.#packetSinks.delete(handle);
  }

  /** Bytes for the worker that it has not taken yet. */
  get backlogBytes(): number {
    return this.#control.writableLength;
  }

  /** A packet into a direct transport. */
  sendPacket(handle: number, packet: Uint8Array): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(handle);
    if (this.#open) this.#control.write(frame(FRAME_PACKET, head, packet));
  }

  /** Whoever takes the messages of a data consumer; bytes are views that hold for the call. */
  onMessages(handle: number, sink: (message: DataMessage) => void): void {
    this.#dataSinks.set(handle, sink);
  }

  offMessages(handle: number): void {
    this.#dataSinks.delete(handle);
  }

  /** A message into a data producer of a direct transport. */
  sendMessage(handle: number, message: DataMessage): void {
    if (this.#open) this.#control.write(dataFrame(handle, message));
  }

  #onData(reader: FrameReader, chunk: Buffer): void {
    try {
      for (const { kind, payload } of reader.push(chunk)) {
        if (kind === FRAME_CONTROL) this.#onControl(JSON.parse(payload.toString()));
        else if (kind === FRAME_PACKET) {
          this.#packetSinks.get(payload.readUInt32BE(0))?.(payload.subarray(4));
        } else if (kind === FRAME_DATA) {
          const { handle, message } = readDataFrame(payload);
          this.#dataSinks.get(handle)?.(message);
        }
      }
    } catch (error) {
      // It no longer makes sense: nothing that it says can be trusted.
      this.#logger.error({ err: messageOf(error) }, 'call-server worker broke the protocol');
      this.#control.destroy();
    }
  }

  #onControl(message: unknown): void {
    const answer = ControlAnswer.safeParse(message);
    if (!answer.success) {
      const notice = Notice.parse(message);
      if (notice.notice === 'fault') {
        this.#logger.error({ err: notice.message }, 'fault in a call-server worker');
      }
      this.emit('notice', notice);
      return;
    }
    const waiting = this.#waiting.get(answer.data.answer);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.data.answer);
    clearTimeout(waiting.timer);
    if ('error' in answer.data) {
      const { code, message: detail } = answer.data.error;
      waiting.reject(new AmphiError(isErrorCode(code) ? code : 'internal', detail));
    } else {
      waiting.resolve(REQUESTS[waiting.name].output.parse(answer.data.output));
    }
  }

  /** Answers everything that waits; nothing more can be asked. */
  protected end(why: string): void {
    if (!this.#open) return;
    this.#open = false;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new AmphiError('closed', why));
    }
    this.#waiting.clear();
    this.emit('closed');
  }
}
