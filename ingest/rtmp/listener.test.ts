import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AmphiError, type Logger } from '#base';
import { attacks, media, RtmpClient, until, wire } from '#support';
import {
  MAX_CHUNK_SIZE,
  MAX_CHUNK_STREAMS,
  MAX_MEDIA_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_TLS_HANDSHAKES_PER_ADDRESS,
  MIN_CHUNK_SIZE,
} from './limits.ts';
import { RtmpListener, type RtmpListenerOptions } from './listener.ts';

const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
} as unknown as Logger;

const STARTED = 'NetStream.Publish.Start';
const KEY = 'the-right-key';

/** What came of one publisher. */
interface Taken {
  media: { type: number; ms: number; bytes: number }[];
  ended: string | undefined;
}

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function listen(options: Partial<RtmpListenerOptions> = {}) {
  const publishers: Taken[] = [];
  const listener = await RtmpListener.open({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 100,
    maxConnectionsPerAddress: 100,
    authorize: async ({ name }) => {
      if (name !== KEY) throw new AmphiError('unauthorized', 'no such key');
      const taken: Taken = { media: [], ended: undefined };
      publishers.push(taken);
      return {
        onMedia: (type, ms, body) => taken.media.push({ type, ms, bytes: body.length }),
        onMetadata: () => {},
        onEnd: (reason) => {
          taken.ended = reason;
        },
      };
    },
    log: silent,
    ...options,
  });
  open.push(listener);
  const client = async (tlsCa?: string) => {
    const { port } = listener;
    const made = await RtmpClient.connect({ port, ...(tlsCa === undefined ? {} : { tlsCa }) });
    open.push({ close: () => made.socket.destroy() });
    return made;
  };
  return { listener, publishers, client };
}

const sockets = async (port: number, count: number): Promise<Socket[]> => {
  const made = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1' }));
  for (const socket of made) socket.on('error', () => {});
  open.push({ close: () => made.map((socket) => socket.destroy()) });
  await Promise.all(
    made.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
  );
  return made;
};

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.resume();
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });

describe('RtmpListener', { timeout: 30_000 }, () => {
  it('hands on what a publisher sends, in order and whole, until it ends', async () => {
    const { publishers, client } = await listen();
    const camera = await client();
    expect(await camera.publish(KEY)).toBe(STARTED);
    camera.media(wire.VIDEO, 0, media.videoConfigBody());
    for (let ms = 0; ms < 1_000; ms += 40) {
      camera.media(wire.VIDEO, ms, media.videoBody(ms === 0, { bytes: 20_000 }));
      camera.media(wire.AUDIO, ms, media.audioBody());
    }
    camera.media(wire.VIDEO, 2 ** 32 - 1, media.videoBody(false));
    await until('all the media', () => publishers[0]?.media.length === 52);
    expect(publishers[0]?.media.slice(1, 3)).toEqual([
      { type: wire.VIDEO, ms: 0, bytes: 20_009 },
      { type: wire.AUDIO, ms: 0, bytes: 62 },
    ]);
    expect(publishers[0]?.media.at(-1)?.ms).toBe(2 ** 32 - 1);
    camera.command('deleteStream', 4, null, 1);
    await camera.closed;
    expect(publishers[0]?.ended).toBe('the publisher stopped');
  });

  it.each(attacks.FATAL_ATTACKS)('closes on $name', async (attack) => {
    const { listener, client } = await listen();
    const attacker = await client();
    await attacks.prepare(attacker, attack, KEY);
    attack.send(attacker);
    await attacker.closed;
    await until('it to be forgotten', () => listener.connections === 0);
  });

  it.each(attacks.BORNE_ATTACKS)('bears $name', async (attack) => {
    const { publishers, client } = await listen();
    const attacker = await client();
    await attacks.prepare(attacker, attack, KEY);
    attack.send(attacker);
    if (attack.after === 'connect') {
      attacker.command('publish', 3, null, KEY, 'live');
      await attacker.answer('onStatus');
    }
    attacker.media(wire.VIDEO, 77, media.videoBody(true));
    await until('media after it', () => publishers[0]?.media.at(-1)?.ms === 77);
    expect(attacker.isOpen).toBe(true);
  });

  it('takes a chunk size, a message, a frame and chunk streams at their limits', async () => {
    const { publishers, client } = await listen();
    const camera = await client();
    await camera.open();
    camera.message({
      type: 99,
      timestampMs: 0,
      streamId: 0,
      body: Buffer.alloc(MAX_MESSAGE_BYTES),
    });
    camera.command('publish', 3, null, KEY, 'live');
    await camera.answer('onStatus');
    for (const size of [MIN_CHUNK_SIZE, MAX_CHUNK_SIZE]) {
      camera.setChunkSize(size);
      camera.media(wire.VIDEO, size, media.videoBody(true, { bytes: 1_000 }));
    }
    camera.media(wire.VIDEO, 1, Buffer.alloc(MAX_MEDIA_BYTES));
    // Two are in use by now: commands and control, and one by the pictures.
    for (let id = 100; id < 100 + MAX_CHUNK_STREAMS - 3; id++) {
      camera.message(
        { type: wire.VIDEO, timestampMs: id, streamId: 1, body: media.videoBody(false) },
        { chunkStream: id },
      );
    }
    const count = 3 + MAX_CHUNK_STREAMS - 3;
    await until('all of it', () => publishers[0]?.media.length === count);
    expect(publishers[0]?.media[2]?.bytes).toBe(MAX_MEDIA_BYTES);
    expect(camera.isOpen).toBe(true);
    camera.message(
      { type: 3, timestampMs: 0, streamId: 0, body: Buffer.alloc(4) },
      { chunkStream: 999 },
    );
    await camera.closed;
  });

  it('reads nothing from a stranger while its key is asked about, and gives up in time', async () => {
    let asked = 0;
    const { client } = await listen({
      timeouts: { authorizeMs: 600 },
      authorize: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    const stranger = await client();
    await stranger.open();
    stranger.command('publish', 3, null, KEY, 'live');
    await until('the question', () => asked === 1);
    const bytes = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (stranger.isOpen && sent < 64 * 1024 * 1024) {
      if (stranger.socket.writableLength > 4 * 1024 * 1024) break;
      stranger.raw(bytes);
      sent += bytes.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The system's own buffers took some; the rest has stayed with its sender.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    await stranger.closed;
  });

  it('takes connections up to its bounds and turns the next away', async () => {
    const { listener } = await listen({ maxConnections: 5, maxConnectionsPerAddress: 3 });
    const held = await sockets(listener.port, 3);
    const [next] = await sockets(listener.port, 1);
    await closed(next!);
    expect([listener.connections, listener.refused]).toEqual([3, 1]);
    held[0]?.destroy();
    await until('room', () => listener.connections === 2);
    const [later] = await sockets(listener.port, 1);
    await until('it to be held', () => listener.connections === 3);
    expect(later?.destroyed).toBe(false);
  });

  it('closes 1,000 sockets that say nothing, or not enough, when their time is up', async () => {
    const { listener, publishers, client } = await listen({
      maxConnections: 2_000,
      maxConnectionsPerAddress: 2_000,
      timeouts: { handshakeMs: 1_500, idleMs: 60_000 },
    });
    const camera = await client();
    await camera.publish(KEY);
    const idle = await sockets(listener.port, 1_000);
    // Some begin and then stop anywhere in the handshake.
    idle.forEach((socket, i) => {
      if (i % 2 === 0) socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(i * 2)]));
    });
    camera.media(wire.VIDEO, 1, media.videoConfigBody());
    await Promise.all(idle.map(closed));
    camera.media(wire.VIDEO, 2, media.videoBody(true));
    await until('the publisher to go on', () => publishers[0]?.media.at(-1)?.ms === 2);
    expect(listener.connections).toBe(1);
  });

  it('closes a publisher that sends nothing more', async () => {
    const { publishers, client } = await listen({ timeouts: { idleMs: 700 } });
    const camera = await client();
    await camera.publish(KEY);
    await camera.closed;
    expect(publishers[0]?.ended).toBe('no sound or picture in time');
  });
});

describe('RtmpListener over TLS', { timeout: 30_000 }, () => {
  const [cert = '', key = ''] = selfSigned();
  const tls = { cert, key };

  it('serves publishers like any other', async () => {
    const { publishers, client } = await listen({ tls });
    const camera = await client(cert);
    expect(await camera.publish(KEY)).toBe(STARTED);
    camera.media(wire.VIDEO, 5, media.videoBody(true));
    await until('its picture', () => publishers[0]?.media.at(-1)?.ms === 5);
  });

  it('bounds the handshakes that are under way, and the time that one may take', async () => {
    const { listener, client } = await listen({ tls, timeouts: { tlsMs: 800 } });
    const pending = await sockets(listener.port, MAX_TLS_HANDSHAKES_PER_ADDRESS);
    await until('all to be held', () => listener.connections === pending.length);
    const [next] = await sockets(listener.port, 1);
    await closed(next!);
    expect(listener.refused).toBe(1);
    await Promise.all(pending.map(closed));
    // Those that are through do not count.
    const cameras = [];
    for (let i = 0; i <= MAX_TLS_HANDSHAKES_PER_ADDRESS; i++) cameras.push(await client(cert));
    expect(listener.connections).toBe(cameras.length);
    expect(listener.refused).toBe(1);
  });

  it('closes on a peer that does not speak TLS', async () => {
    const { client } = await listen({ tls });
    const plain = await client();
    plain.raw(Buffer.alloc(1537, 3));
    await plain.closed;
  });
});

function selfSigned(): string[] {
  const text = execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', '-', '-days', '2', '-subj', '/CN=localhost'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).toString();
  const pem = (kind: string) =>
    text.match(new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----\\n`))?.[0] ?? '';
  return [pem('CERTIFICATE'), pem('PRIVATE KEY')];
}
