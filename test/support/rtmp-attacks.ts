import { amf0 } from './amf0.ts';
import * as media from './media.ts';
import type { RtmpClient } from './rtmp-client.ts';
import {
  ABORT,
  AUDIO,
  basicHeader,
  COMMAND,
  chunks,
  DATA,
  messageHeader,
  SET_CHUNK_SIZE,
  VIDEO,
  WINDOW_ACKNOWLEDGEMENT,
} from './rtmp-wire.ts';

/** What somebody may send who means no good, or whose encoder is broken. */
export interface Attack {
  name: string;
  /** How far the session goes in good order before. */
  after: 'nothing' | 'handshake' | 'connect' | 'publish';
  send(client: RtmpClient): void;
}

const message = (client: RtmpClient, type: number, body: Uint8Array, streamId = 0) =>
  client.message({ type, timestampMs: 0, streamId, body });
const size = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const EMPTY = Buffer.alloc(0);
const connectObject = { app: 'live', tcUrl: 'rtmp://localhost/live' };
/** Objects in objects, or arrays in arrays, without an end. */
const nested = (depth: number, open: Uint8Array) =>
  Buffer.concat(Array.from({ length: depth }, () => open));
const NESTED_OBJECT = Buffer.of(3, 0, 1, 0x61);
const NESTED_ARRAY = Buffer.of(0x0a, 0, 0, 0, 1);

/** Every one of these ends its connection. */
export const FATAL_ATTACKS: readonly Attack[] = [
  {
    name: 'a web browser',
    after: 'nothing',
    send: (c) => c.raw(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
  },
  { name: 'RTMP version 6', after: 'nothing', send: (c) => c.raw(Buffer.alloc(1537, 6)) },
  { name: 'zeros', after: 'nothing', send: (c) => c.raw(Buffer.alloc(4096)) },
  ...[0, 1, 31, 2 ** 20 + 1, 2 ** 31, 2 ** 32 - 1].map(
    (value): Attack => ({
      name: `a chunk size of ${value}`,
      after: 'handshake',
      send: (c) => message(c, SET_CHUNK_SIZE, size(value)),
    }),
  ),
  {
    name: 'an empty SetChunkSize',
    after: 'handshake',
    send: (c) => emptyMessage(c, SET_CHUNK_SIZE),
  },
  { name: 'an empty invoke', after: 'handshake', send: (c) => emptyMessage(c, COMMAND) },
  { name: 'an empty abort', after: 'handshake', send: (c) => emptyMessage(c, ABORT) },
  {
    name: 'an empty window acknowledgement size',
    after: 'handshake',
    send: (c) => emptyMessage(c, WINDOW_ACKNOWLEDGEMENT),
  },
  { name: 'an empty video before publish', after: 'connect', send: (c) => emptyMessage(c, VIDEO) },
  {
    name: 'media before publish',
    after: 'connect',
    send: (c) => c.media(VIDEO, 0, media.videoBody(true)),
  },
  { name: 'connect without an object', after: 'handshake', send: (c) => c.command('connect', 1) },
  { name: 'connect with null', after: 'handshake', send: (c) => c.command('connect', 1, null) },
  {
    name: 'connect without tcUrl',
    after: 'handshake',
    send: (c) => c.command('connect', 1, { app: 'live' }),
  },
  {
    name: 'connect with a tcUrl that is none',
    after: 'handshake',
    send: (c) => c.command('connect', 1, { app: 'live', tcUrl: 'live' }),
  },
  {
    name: 'connect with a numeric app',
    after: 'handshake',
    send: (c) => c.command('connect', 1, { ...connectObject, app: 7 }),
  },
  {
    name: 'connect with an endless app',
    after: 'handshake',
    send: (c) => c.command('connect', 1, { ...connectObject, app: 'a'.repeat(513) }),
  },
  { name: 'connect twice', after: 'connect', send: (c) => c.command('connect', 9, connectObject) },
  {
    name: 'createStream before connect',
    after: 'handshake',
    send: (c) => c.command('createStream', 2, null),
  },
  {
    name: 'publish before connect',
    after: 'handshake',
    send: (c) => c.command('publish', 3, null, 'key', 'live'),
  },
  { name: 'publish without a name', after: 'connect', send: (c) => c.command('publish', 3, null) },
  {
    name: 'publish with a number',
    after: 'connect',
    send: (c) => c.command('publish', 3, null, 5),
  },
  {
    name: 'publish with an empty name',
    after: 'connect',
    send: (c) => c.command('publish', 3, null, ''),
  },
  {
    name: 'publish with an endless name',
    after: 'connect',
    send: (c) => c.command('publish', 3, null, 'k'.repeat(513)),
  },
  { name: 'play', after: 'connect', send: (c) => c.command('play', 4, null, 'key') },
  {
    name: 'a command with a number for a name',
    after: 'connect',
    send: (c) => message(c, COMMAND, amf0(1, 1, null)),
  },
  {
    name: 'a command without a transaction',
    after: 'connect',
    send: (c) => message(c, COMMAND, amf0('createStream')),
  },
  {
    name: 'AMF objects nested 1,000 deep',
    after: 'handshake',
    send: (c) =>
      message(c, COMMAND, Buffer.concat([amf0('connect', 1), nested(1_000, NESTED_OBJECT)])),
  },
  {
    name: 'AMF arrays nested 1,000 deep',
    after: 'handshake',
    send: (c) =>
      message(c, COMMAND, Buffer.concat([amf0('connect', 1), nested(1_000, NESTED_ARRAY)])),
  },
  {
    name: 'an AMF array of four billion',
    after: 'handshake',
    send: (c) =>
      message(c, COMMAND, Buffer.concat([amf0('connect', 1), Buffer.of(0x0a, 255, 255, 255, 255)])),
  },
  {
    name: 'an AMF string longer than its message',
    after: 'handshake',
    send: (c) => message(c, COMMAND, Buffer.of(2, 255, 255, 0x61)),
  },
  {
    name: 'an AMF value that is cut off',
    after: 'handshake',
    send: (c) => message(c, COMMAND, amf0('connect', 1).subarray(0, -3)),
  },
  {
    name: 'an AMF type that does not exist',
    after: 'handshake',
    send: (c) => message(c, COMMAND, Buffer.of(0x7f)),
  },
  {
    name: 'a command of 64 KiB and a byte',
    after: 'handshake',
    send: (c) => claim(c, COMMAND, 64 * 1024 + 1),
  },
  {
    name: 'a command of 16 MiB',
    after: 'handshake',
    send: (c) => claim(c, COMMAND, 0xffffff),
  },
  { name: 'a frame of 16 MiB', after: 'publish', send: (c) => claim(c, VIDEO, 0xffffff) },
  {
    name: 'a frame of 8 MiB and a byte',
    after: 'publish',
    send: (c) => claim(c, VIDEO, 8 * 1024 * 1024 + 1),
  },
  {
    name: 'large frames on four chunk streams at a time',
    after: 'publish',
    send: (c) => {
      for (let id = 10; id < 14; id++) claim(c, VIDEO, 8 * 1024 * 1024, id);
    },
  },
  {
    name: '33 chunk streams',
    after: 'handshake',
    send: (c) => {
      for (let id = 100; id < 133; id++) {
        c.message({ type: 3, timestampMs: 0, streamId: 0, body: size(0) }, { chunkStream: id });
      }
    },
  },
  {
    name: 'a chunk stream that begins in the middle',
    after: 'handshake',
    send: (c) => c.raw(Buffer.concat([basicHeader(3, 50), Buffer.alloc(64)])),
  },
  {
    name: 'a chunk stream that begins without a length',
    after: 'handshake',
    send: (c) => c.raw(Buffer.concat([basicHeader(2, 50), Buffer.alloc(64)])),
  },
  {
    name: 'a message header inside a message',
    after: 'publish',
    send: (c) => {
      claim(c, VIDEO, 10_000, 20);
      claim(c, VIDEO, 20_000, 20);
    },
  },
  {
    name: 'a chunk size inside a message',
    after: 'publish',
    send: (c) => {
      claim(c, VIDEO, 10_000, 20);
      message(c, SET_CHUNK_SIZE, size(64));
    },
  },
  {
    name: '65 commands before publish',
    after: 'connect',
    send: (c) => {
      for (let i = 0; i < 65; i++) c.command('FCPublish', i, null, 'x');
    },
  },
  {
    name: 'publish twice',
    after: 'publish',
    send: (c) => c.command('publish', 3, null, 'key', 'live'),
  },
  {
    name: 'metadata that is no AMF',
    after: 'publish',
    send: (c) => message(c, DATA, Buffer.of(3, 255, 255), 1),
  },
  {
    name: 'an early flood of media, without waiting for the answer to publish',
    after: 'connect',
    send: (c) => {
      c.command('publish', 3, null, 'no-such-key', 'live');
      for (let i = 0; i < 200; i++) c.media(VIDEO, i, media.videoBody(i === 0, { bytes: 10_000 }));
    },
  },
];

/** These are borne, or thrown away: the connection goes on. */
export const BORNE_ATTACKS: readonly Attack[] = [
  {
    name: 'a command named like a member of every object',
    after: 'connect',
    send: (c) => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        c.command(name, 5, null, { __proto__: 1, constructor: 'x' });
      }
    },
  },
  {
    name: 'empty video and sound',
    after: 'publish',
    send: (c) => {
      emptyMessage(c, VIDEO);
      emptyMessage(c, AUDIO);
    },
  },
  {
    name: 'video of one byte, of every value',
    after: 'publish',
    send: (c) => {
      for (let i = 0; i < 256; i++) c.media(VIDEO, i, Buffer.of(i));
    },
  },
  {
    name: 'configurations that are none',
    after: 'publish',
    send: (c) => {
      for (let n = 0; n < 40; n++) {
        c.media(VIDEO, n, media.videoConfigBody().subarray(0, 5 + n));
        c.media(AUDIO, n, media.audioConfigBody(new Uint8Array(n).fill(0xff)));
      }
    },
  },
  {
    name: 'NAL units longer than their frame',
    after: 'publish',
    send: (c) => {
      c.media(VIDEO, 0, media.videoConfigBody());
      const body = Buffer.from(media.videoBody(true));
      body.fill(255, 5, 9);
      c.media(VIDEO, 10, body);
    },
  },
  {
    name: 'time that jumps to and fro',
    after: 'publish',
    send: (c) => {
      c.media(VIDEO, 0, media.videoConfigBody());
      for (const ms of [0, 2 ** 31, 5, 2 ** 32 - 1, 0, 2 ** 24]) {
        c.media(VIDEO, ms, media.videoBody(true));
      }
    },
  },
  {
    name: 'unknown message types',
    after: 'publish',
    send: (c) => {
      for (const type of [0, 3, 4, 6, 7, 16, 19, 22, 99, 255])
        message(c, type, Buffer.alloc(40, type));
    },
  },
];

function emptyMessage(client: RtmpClient, type: number): void {
  // The parser acts on an empty message when the next byte comes.
  client.raw(
    Buffer.concat([
      chunks(
        { type, timestampMs: 0, streamId: 0, body: EMPTY },
        { chunkStream: 3, chunkSize: 128 },
      ),
      basicHeader(0, 3),
    ]),
  );
  client.raw(messageHeader(0, { type: 3, timestampMs: 0, streamId: 0, length: 4 }));
  client.raw(Buffer.alloc(4));
}

/** A message header that promises so many bytes, and few of them. */
function claim(client: RtmpClient, type: number, length: number, chunkStream = 9): void {
  const head = messageHeader(0, { type, timestampMs: 0, streamId: 1, length });
  client.raw(Buffer.concat([basicHeader(0, chunkStream), head, Buffer.alloc(4096)]));
}

/** Brings a session as far as the attack wants it. */
export async function prepare(
  client: RtmpClient,
  attack: Attack,
  streamKey: string,
): Promise<void> {
  if (attack.after === 'nothing') return;
  if (attack.after === 'handshake') return client.handshake();
  if (attack.after === 'connect') return client.open();
  const code = await client.publish(streamKey);
  if (code !== 'NetStream.Publish.Start') throw new Error(code);
}
