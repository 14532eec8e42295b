import Rtmp from 'node-media-server/src/protocol/rtmp.js';
import { AmphiError } from '#base';
import { type Amf0Value, readAmf0, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from '#protocol';
import {
  MAX_BUFFERED_BYTES,
  MAX_CHUNK_SIZE,
  MAX_CHUNK_STREAMS,
  MAX_COMMANDS_BEFORE_PUBLISH,
  MAX_MEDIA_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  MIN_CHUNK_SIZE,
} from './limits.ts';

/**
 * node-media-server's RTMP parser behind a guard: every chunk header and every
 * message is checked for form, size and order before the parser acts on it.
 * Whatever does not pass throws `protocol_violation` or `limit_exceeded`; the
 * connection then ends, and nothing else does. The parser's own reading of
 * commands, its broadcasting and its playing are never entered.
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

const SET_CHUNK_SIZE = 1;
const ABORT = 2;
const WINDOW_ACKNOWLEDGEMENT_SIZE = 5;
const AMF3_DATA = 15;
const AMF3_COMMAND = 17;
const AMF0_COMMAND = 20;
const TIMESTAMP_RANGE = 2 ** 32;
const MIN_ACKNOWLEDGEMENT_BYTES = 64 * 1024;

/** `asking`: a publish command was read and is not yet answered. */
type Phase = keyof typeof MAX_BUFFERED_BYTES;

const violation = (detail: string) => new AmphiError('protocol_violation', detail);
const excess = (detail: string) => new AmphiError('limit_exceeded', detail);

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
    // A reader of FLV files with a megabyte of its own, which is never used.
    this.flv = undefined;
  }

  acceptPublish(): void {
    if (this.#phase === 'asking') this.#phase = 'publishing';
    this.respondPublish();
  }

  refusePublish(code: string, description: string): void {
    this.#phase = 'done';
    this.sendStatusMessage(this.streamId, 'error', code, description);
  }

  /** A chunk header is complete (5.3.1 of the RTMP specification). */
  override packetParse(): void {
    const first = this.parserBuffer[0] ?? 0;
    const low = this.parserBuffer[1] ?? 0;
    const high = this.parserBuffer[2] ?? 0;
    const form = first >> 6;
    const id =
      this.parserBasicBytes === 1
        ? first & 0x3f
        : this.parserBasicBytes === 2
          ? 64 + low
          : 64 + low + 256 * high;
    let packet = this.inPackets.get(id);
    if (packet === undefined) {
      if (form > 1) throw violation('a chunk stream that begins without a length');
      if (this.inPackets.size === MAX_CHUNK_STREAMS) {
        throw excess(`more than ${MAX_CHUNK_STREAMS} chunk streams`);
      }
      packet = newPacket(id);
      this.inPackets.set(id, packet);
    } else if (packet.bytes > 0 && form !== 3) {
      // The parser sizes its buffer at a message's first chunk only.
      throw violation('a new message header inside a message');
    }
    packet.header.fmt = form;
    this.parserPacket = packet;
    this.chunkMessageHeaderRead();
  }

  /** A message begins: its header is known, and its clock has just been advanced. */
  override packetAlloc(): void {
    const packet = this.parserPacket;
    const { header, capacity } = packet;
    // Timestamps wrap at 32 bits (5.3.1.1); the parser would drop everything beyond.
    if (packet.clock >= TIMESTAMP_RANGE) packet.clock %= TIMESTAMP_RANGE;
    const media = header.type === TAG_AUDIO || header.type === TAG_VIDEO;
    if (media && (this.#phase === 'new' || this.#phase === 'connected')) {
      throw violation('media before publish');
    }
    if (header.length > (media ? MAX_MEDIA_BYTES : MAX_MESSAGE_BYTES)) {
      throw excess(`a message of ${header.length} bytes`);
    }
    super.packetAlloc();
    this.#bufferedBytes += packet.capacity - capacity;
    if (this.#bufferedBytes > MAX_BUFFERED_BYTES[this.#phase]) {
      throw excess('too many bytes in unfinished messages');
    }
  }

  override packetHandler(): void {
    const { header, payload, clock } = this.parserPacket;
    switch (header.type) {
      case TAG_AUDIO:
      case TAG_VIDEO:
        if (header.length === 0 || this.#phase === 'done') return;
        this.#sink.onMedia(header.type, clock, payload.subarray(0, header.length));
        break;
      case SET_CHUNK_SIZE:
        this.#setChunkSize(payload, header.length);
        break;
      case ABORT: {
        if (header.length < 4) throw violation('abort without a chunk stream');
        const aborted = this.inPackets.get(payload.readUInt32BE(0));
        if (aborted !== undefined) aborted.bytes = 0;
        break;
      }
      case WINDOW_ACKNOWLEDGEMENT_SIZE:
        if (header.length < 4) throw violation('window acknowledgement size without a size');
        this.acknowledgeEvery = Math.max(payload.readUInt32BE(0), MIN_ACKNOWLEDGEMENT_BYTES);
        break;
      case AMF0_COMMAND:
        this.#command(payload.subarray(0, header.length));
        break;
      case AMF3_COMMAND:
        // AMF0 behind a byte that says so.
        this.#command(payload.subarray(1, header.length));
        break;
      case TAG_SCRIPT:
        this.#data(payload.subarray(0, header.length));
        break;
      case AMF3_DATA:
        this.#data(payload.subarray(1, header.length));
        break;
      default:
        // Acknowledgements, user control, shared objects, aggregates: nothing here needs them.
        break;
    }
  }

  #setChunkSize(payload: Buffer, length: number): void {
    if (length < 4) throw violation('set chunk size without a size');
    const size = payload.readUInt32BE(0);
    if (size < MIN_CHUNK_SIZE || size > MAX_CHUNK_SIZE) throw excess(`a chunk size of ${size}`);
    // The parser counts the chunks of a message by the size in force: it must not change within one.
    for (const packet of this.inPackets.values()) {
      if (packet.bytes > 0) throw violation('a new chunk size inside a message');
    }
    this.inChunkSize = size;
  }

  #command(bytes: Buffer): void {
    if (++this.#commands > MAX_COMMANDS_BEFORE_PUBLISH && this.#phase !== 'publishing') {
      throw excess('too many commands');
    }
    const [name, transaction, ...args] = decode(bytes);
    if (typeof name !== 'string') throw violation('a command without a name');
    const known = COMMANDS.get(name);
    if (known === undefined) return;
    if (typeof transaction !== 'number') throw violation(`${name}: no transaction number`);
    switch (known) {
      case 'connect':
        this.#connect(transaction, args[0]);
        break;
      case 'createStream':
        if (this.#phase === 'new') throw violation('createStream before connect');
        this.onCreateStream({ transId: transaction });
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

  #connect(transId: number, object: Amf0Value): void {
    if (this.#phase !== 'new') throw violation('a second connect');
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw violation('connect without a command object');
    }
    const { app, tcUrl, objectEncoding } = object;
    if (typeof app !== 'string' || app.length > MAX_NAME_LENGTH) {
      throw violation('connect without an app');
    }
    if (typeof tcUrl !== 'string' || !URL.canParse(tcUrl)) {
      throw violation('connect without a tcUrl');
    }
    this.#phase = 'connected';
    const encoding = typeof objectEncoding === 'number' ? { objectEncoding } : {};
    this.onConnect({ transId, cmdObj: { app, tcUrl, ...encoding } });
  }

  #publish(name: Amf0Value): void {
    if (this.#phase !== 'connected') throw violation('publish out of order');
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) {
      throw violation('publish without a stream name');
    }
    this.#phase = 'asking';
    // What the parser repeats in its answers: never the key.
    this.streamName = 'stream';
    this.streamId = this.parserPacket.header.stream_id;
    this.#sink.onPublish({ app: this.streamApp, name });
  }

  #data(bytes: Buffer): void {
    if (this.#phase !== 'publishing' && this.#phase !== 'asking') return;
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

const NOTHING = Buffer.alloc(0);

const newPacket = (cid: number): Rtmp['parserPacket'] => ({
  header: { fmt: 0, cid, timestamp: 0, length: 0, type: 0, stream_id: 0 },
  clock: 0,
  payload: NOTHING,
  capacity: 0,
  bytes: 0,
});

function decode(bytes: Uint8Array): Amf0Value[] {
  try {
    return readAmf0(bytes);
  } catch (cause) {
    throw new AmphiError('protocol_violation', { detail: 'malformed AMF0', cause });
  }
}
