import Rtmp from 'node-media-server/src/protocol/rtmp.js';
import { AmphiError } from '#base';
import { type Amf0Value, readAmf0, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from '#protocol';

/**
 * node-media-server's RTMP parser behind a guard: every message is checked for
 * form, size and order before the parser acts on it. Whatever does not pass
 * throws `protocol_violation` or `limit_exceeded`; the connection then ends,
 * and nothing else does.
 */

export interface PublishCommand {
  app: string;
  /** The stream name as sent: a stream key, perhaps with a query. */
  name: string;
}

/** What a connection does with what the guard lets through. */
export interface ParserSink {
  /** The peer asks to publish. Answer with `acceptPublish` or `refusePublish`. */
  onPublish(command: PublishCommand): void;
  /** The body of an audio or video message, valid until the call returns; the timestamp wraps at 32 bits. */
  onMedia(type: typeof TAG_AUDIO | typeof TAG_VIDEO, timestampMs: number, body: Buffer): void;
  onMetadata(metadata: { [key: string]: Amf0Value }): void;
  /** The peer says that it has finished. */
  onUnpublish(): void;
}

const MAX_CHUNK_STREAMS = 32;
const MAX_CHUNK_SIZE = 1024 * 1024;
const MIN_CHUNK_SIZE = 32;
const MAX_MEDIA_BYTES = 8 * 1024 * 1024;
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Over all chunk streams of a connection together. */
const MAX_BUFFERED_BYTES = 24 * 1024 * 1024;
const MAX_COMMANDS_BEFORE_PUBLISH = 64;
const MAX_NAME_LENGTH = 512;

const SET_CHUNK_SIZE = 1;
const ABORT = 2;
const WINDOW_ACKNOWLEDGEMENT_SIZE = 5;
const AMF3_COMMAND = 17;
const AMF0_COMMAND = 20;
const MAX_UINT32 = 2 ** 32;

type Phase = 'new' | 'connected' | 'publishing' | 'done';

const violation = (detail: string) => new AmphiError('protocol_violation', detail);

export class GuardedRtmp extends Rtmp {
  readonly #sink: ParserSink;
  #phase: Phase = 'new';
  #commands = 0;
  #bufferedBytes = 0;
  /** The peer wants an acknowledgement after this many bytes; 0 = never. */
  acknowledgeEvery = 0;

  constructor(sink: ParserSink) {
    super();
    this.#sink = sink;
  }

  acceptPublish(): void {
    this.respondPublish();
  }

  refusePublish(code: string, description: string): void {
    this.sendStatusMessage(this.streamId, 'error', code, description);
  }

  override packetParse(): void {
    const before = this.inPackets.size;
    super.packetParse();
    const { header, bytes } = this.parserPacket;
    // The parser sizes its buffer at a message's first chunk only.
    if (bytes > 0 && header.fmt !== 3) throw violation('a new message header inside a message');
    if (this.inPackets.size === before) return;
    if (this.inPackets.size > MAX_CHUNK_STREAMS) {
      throw new AmphiError('limit_exceeded', `more than ${MAX_CHUNK_STREAMS} chunk streams`);
    }
    wrapClock(this.parserPacket);
  }

  override packetAlloc(): void {
    const { header, capacity } = this.parserPacket;
    const media = header.type === TAG_AUDIO || header.type === TAG_VIDEO;
    const limit = media ? MAX_MEDIA_BYTES : MAX_MESSAGE_BYTES;
    if (header.length > limit) {
      throw new AmphiError('limit_exceeded', `a message of ${header.length} bytes`);
    }
    super.packetAlloc();
    this.#bufferedBytes += this.parserPacket.capacity - capacity;
    if (this.#bufferedBytes > MAX_BUFFERED_BYTES) {
      throw new AmphiError('limit_exceeded', 'too many bytes in unfinished messages');
    }
  }

  override packetHandler(): void {
    const { header, payload } = this.parserPacket;
    switch (header.type) {
      case SET_CHUNK_SIZE:
        this.#setChunkSize(payload, header.length);
        break;
      case ABORT: {
        const aborted = header.length >= 4 && this.inPackets.get(payload.readUInt32BE(0));
        if (aborted) aborted.bytes = 0;
        break;
      }
      case WINDOW_ACKNOWLEDGEMENT_SIZE:
        if (header.length < 4) throw violation('window acknowledgement size without a size');
        this.acknowledgeEvery = Math.max(payload.readUInt32BE(0), 64 * 1024);
        break;
      case AMF0_COMMAND:
        this.#command(payload.subarray(0, header.length));
        break;
      case AMF3_COMMAND:
        this.#command(payload.subarray(1, header.length));
        break;
      case TAG_AUDIO:
      case TAG_VIDEO:
        if (this.#phase !== 'publishing') throw violation('media before publish');
        if (header.length > 0) {
          this.#sink.onMedia(
            header.type,
            this.parserPacket.clock,
            payload.subarray(0, header.length),
          );
        }
        break;
      case TAG_SCRIPT:
        this.#data(payload.subarray(0, header.length));
        break;
      default:
        // Acknowledgements, user control, shared objects, aggregates: nothing here needs them.
        break;
    }
  }

  #setChunkSize(payload: Buffer, length: number): void {
    if (length < 4) throw violation('set chunk size without a size');
    const size = payload.readUInt32BE(0);
    if (size < MIN_CHUNK_SIZE || size > MAX_CHUNK_SIZE) {
      throw new AmphiError('limit_exceeded', `a chunk size of ${size}`);
    }
    this.inChunkSize = size;
  }

  #command(bytes: Buffer): void {
    if (++this.#commands > MAX_COMMANDS_BEFORE_PUBLISH && this.#phase !== 'publishing') {
      throw new AmphiError('limit_exceeded', 'too many commands');
    }
    const [name, transaction, ...args] = decode(bytes);
    if (typeof name !== 'string') throw violation('a command without a name');
    const known = COMMANDS.get(name);
    if (known === undefined) return;
    if (typeof transaction !== 'number') throw violation(`${name}: no transaction number`);
    switch (known) {
      case 'connect':
        this.#connect(args[0]);
        break;
      case 'createStream':
        if (this.#phase === 'new') throw violation('createStream before connect');
        super.invokeHandler();
        break;
      case 'publish':
        this.#publish(args[1]);
        break;
      case 'unpublish':
        if (this.#phase === 'publishing') {
          this.#phase = 'done';
          this.#sink.onUnpublish();
        }
        break;
      case 'play':
        throw violation('playing over RTMP is not offered');
    }
  }

  #connect(object: Amf0Value): void {
    if (this.#phase !== 'new') throw violation('a second connect');
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw violation('connect without a command object');
    }
    const { app, tcUrl } = object;
    if (typeof app !== 'string' || app.length > MAX_NAME_LENGTH)
      throw violation('connect without an app');
    if (typeof tcUrl !== 'string' || !URL.canParse(tcUrl))
      throw violation('connect without a tcUrl');
    this.#phase = 'connected';
    super.invokeHandler();
  }

  #publish(name: Amf0Value): void {
    if (this.#phase !== 'connected') throw violation('publish out of order');
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) {
      throw violation('publish without a stream name');
    }
    this.#phase = 'publishing';
    this.streamName = 'stream';
    this.streamId = this.parserPacket.header.stream_id;
    this.#sink.onPublish({ app: this.streamApp, name });
  }

  #data(bytes: Buffer): void {
    if (this.#phase !== 'publishing') return;
    const values = decode(bytes);
    if (values[0] === '@setDataFrame') values.shift();
    const [name, metadata] = values;
    if (name !== 'onMetaData' || typeof metadata !== 'object' || metadata === null) return;
    if (!Array.isArray(metadata)) this.#sink.onMetadata(metadata);
  }
}

const COMMANDS = new Map<string, 'connect' | 'createStream' | 'publish' | 'unpublish' | 'play'>([
  ['connect', 'connect'],
  ['createStream', 'createStream'],
  ['publish', 'publish'],
  ['play', 'play'],
  ['play2', 'play'],
  ['FCUnpublish', 'unpublish'],
  ['deleteStream', 'unpublish'],
  ['closeStream', 'unpublish'],
]);

function decode(bytes: Uint8Array): Amf0Value[] {
  try {
    return readAmf0(bytes);
  } catch (cause) {
    throw new AmphiError('protocol_violation', { detail: 'malformed AMF0', cause });
  }
}

/**
 * The parser adds timestamp deltas to a number and throws away every message
 * once it has passed 2^32. RTMP timestamps wrap there instead (5.3.1.1 of the
 * RTMP specification), so the clock of a chunk stream is made to.
 */
function wrapClock(packet: Rtmp['parserPacket']): void {
  let clock = packet.clock % MAX_UINT32;
  Object.defineProperty(packet, 'clock', {
    get: () => clock,
    set: (value: number) => {
      clock = value % MAX_UINT32;
    },
  });
}
