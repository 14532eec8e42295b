import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Logger } from '#base';
import { media, RtmpClient, SimClock, until, wire } from '#support';
import { DEFAULT_TIMEOUTS } from '../../ingest/rtmp/limits.ts';
import { RtmpListener } from '../../ingest/rtmp/listener.ts';
import { PublisherConnection } from '../../ingest/rtmp/session.ts';
import { Source } from '../../ingest/source/source.ts';
import { mutants, OPENED, Random } from './rtmp-mutants.ts';

/**
 * A publisher's session, damaged in every way that its layers offer, taken as
 * far as a source's health. A case is found again by its number.
 */

/** `FUZZ_FULL=1`: three minutes instead of one. */
const FULL = process.env['FUZZ_FULL'] === '1';
const CASES = FULL ? 100_000 : 30_000;
/** So many of them through real sockets, beside a publisher that must not notice. */
const OVER_TCP = 2_000;
const AT_A_TIME = 20;
const MEMORY_BYTES = 96 * 1024 * 1024;
const SEED = 20_260_301;

const complaints: unknown[] = [];
const log = {
  debug() {},
  info() {},
  // Only a failure of our own is a warning here.
  warn: (fields: unknown) => complaints.push(fields),
  error: (fields: unknown) => complaints.push(fields),
} as unknown as Logger;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What the process holds, in and beside the heap. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** One connection without a network: what is written to it goes nowhere. */
const nowhere = (): Socket =>
  new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as unknown as Socket;

/** As long as promises of the session itself take to be kept. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await undefined;
}

/** A publisher that the damaged sessions are sent through; it serves until one of them ends it. */
class Victim {
  readonly #clock = new SimClock();
  readonly #source = new Source('fuzzed', this.#clock);
  readonly #connection = new PublisherConnection({
    socket: nowhere(),
    authorize: async (_command, publisher) => this.#source.attach(publisher),
    timeouts: DEFAULT_TIMEOUTS,
    nowMs: () => this.#clock.monotonicMs(),
    log,
  });
  readonly #head: Uint8Array;
  #isOpened = false;

  constructor(head: Uint8Array) {
    this.#head = head;
  }

  /** Returns whether it publishes still. */
  async take(pieces: readonly Uint8Array[]): Promise<boolean> {
    if (!this.#isOpened) {
      this.#isOpened = true;
      this.#connection.receive(Buffer.from(this.#head));
      // The answer to publish comes after what was read with it.
      await settle();
    }
    for (const piece of pieces) {
      this.#clock.advance(20_000);
      this.#connection.receive(Buffer.from(piece));
    }
    this.#source.health();
    return this.#source.connected;
  }

  async end(): Promise<void> {
    this.#connection.close('the end of the case');
    await settle();
    if (this.#source.connected) throw new Error('a closed connection holds its source');
  }
}

it(`bears ${CASES} damaged sessions within its memory`, {
  timeout: FULL ? 600_000 : 180_000,
}, async () => {
  let before: number | undefined;
  let victim: Victim | undefined;
  let victims = 0;
  for (const { number, head, tail, isAligned } of mutants(new Random(SEED), CASES)) {
    if (victim === undefined || head !== undefined) {
      await victim?.end();
      victim = new Victim(head ?? OPENED);
      victims++;
    }
    const lives = await victim.take(tail);
    if (!lives || !isAligned || head !== undefined) {
      await victim.end();
      victim = undefined;
    }
    if (number === CASES / 10) before = heldBytes();
    // Gives sockets, and the collector, their turn.
    if (number % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await victim?.end();
  expect(victims).toBeGreaterThan(CASES / 10);
  expect(complaints).toEqual([]);
  expect(heldBytes() - (before ?? 0)).toBeLessThan(MEMORY_BYTES);
});

it('closes the socket of each, and another publisher loses no frame', async () => {
  const frames: number[] = [];
  const clock = new SimClock();
  const listener = await RtmpListener.open({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 100,
    maxConnectionsPerAddress: 100,
    timeouts: { handshakeMs: 8_000, idleMs: 8_000, farewellMs: 200 },
    authorize: async ({ name }, publisher) => {
      if (name !== 'steady') return new Source('attacked', clock).attach(publisher);
      return {
        onMedia: (_type, ms) => frames.push(ms),
        onMetadata: () => {},
        onEnd: (reason) => complaints.push(reason),
      };
    },
    log,
  });
  const steady = await RtmpClient.connect({ port: listener.port });
  expect(await steady.publish('steady')).toBe('NetStream.Publish.Start');
  let sent = 0;
  const camera = setInterval(() => {
    steady.media(wire.VIDEO, sent++, media.videoBody(sent % 60 === 1, { bytes: 5_000 }));
  }, 10);
  const before = heldBytes();
  const all = mutants(new Random(SEED + 1), OVER_TCP);
  const attack = async () => {
    for (let mutant = all.next(); !mutant.done; mutant = all.next()) {
      const client = await RtmpClient.connect({ port: listener.port });
      for (const piece of [mutant.value.head ?? OPENED, ...mutant.value.tail]) client.raw(piece);
      // A damaged session that is none the worse for it ends as sessions do.
      client.socket.end();
      client.socket.resume();
      await client.closed;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, attack));
  clearInterval(camera);
  await until('all connections but one to be gone', () => listener.connections === 1);
  await until('every frame', () => frames.length === sent);
  expect(frames).toEqual(Array.from({ length: sent }, (_, i) => i));
  expect(steady.isOpen).toBe(true);
  expect(complaints).toEqual([]);
  expect(heldBytes() - before).toBeLessThan(MEMORY_BYTES);
  steady.command('deleteStream', 9, null, 1);
  await steady.closed;
  complaints.length = 0;
  await listener.close();
});
