import { createConnection, type Socket } from 'node:net';
import {
  FOLDER,
  newestPart,
  PART_BYTES,
  partName,
  playlistQuery,
  publishedAtMs,
} from './live-grid.ts';

/**
 * Viewers of a low-latency playlist, each on a connection of its own: they ask
 * for the next part's playlist, wait for it, fetch the part, and so on. Says at
 * the end what they met with.
 */

const [port = '0', count = '0', seconds = '0'] = process.argv.slice(2);
const HEAD_END = Buffer.from('\r\n\r\n');
/** Connections begin over this time, as people do not come all at once. */
const JOIN_MS = 4_000;

export interface AudienceResult {
  playlists: number;
  parts: number;
  errors: string[];
  /** Milliseconds from a part's publication to its playlist with the viewer, sorted. */
  playlistMs: number[];
  /** From asking for a part to having it. */
  partMs: number[];
}

const result: AudienceResult = { playlists: 0, parts: 0, errors: [], playlistMs: [], partMs: [] };
let isMeasuring = false;
let isOver = false;

class Viewer {
  readonly #socket: Socket;
  #part = newestPart(Date.now()) + 1;
  #asks: 'playlist' | 'part' = 'playlist';
  #askedAtMs = 0;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Size of the whole answer, once its head has come. */
  #wanted = Number.POSITIVE_INFINITY;

  constructor() {
    this.#socket = createConnection(Number(port), '127.0.0.1', () => this.#ask());
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk as Buffer));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('closed'));
  }

  #ask(): void {
    const what =
      this.#asks === 'playlist' ? `media.m3u8${playlistQuery(this.#part)}` : partName(this.#part);
    this.#askedAtMs = performance.now();
    this.#socket.write(
      `GET ${FOLDER}/${what} HTTP/1.1\r\nHost: bench\r\nUser-Agent: viewer\r\n\r\n`,
    );
  }

  #take(chunk: Buffer): void {
    // Only what is looked into is kept.
    if (this.#size < 16_384 || this.#asks === 'playlist') this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#wanted === Number.POSITIVE_INFINITY) this.#readHead();
    if (this.#size >= this.#wanted) this.#answered();
  }

  #readHead(): void {
    const bytes = Buffer.concat(this.#chunks);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 200')) {
      this.#fail(head.slice(0, 40));
      return;
    }
    this.#wanted = end + 4 + Number(head.match(/content-length: (\d+)/i)?.[1]);
  }

  #answered(): void {
    const nowMs = performance.now();
    if (this.#asks === 'playlist') {
      if (!Buffer.concat(this.#chunks).includes(`"${partName(this.#part)}"`)) {
        this.#fail(`a playlist without ${partName(this.#part)}`);
      }
      if (isMeasuring) {
        result.playlists++;
        result.playlistMs.push(Date.now() - publishedAtMs(this.#part));
      }
      this.#asks = 'part';
    } else {
      if (this.#size < PART_BYTES) this.#fail('a part that is too short');
      if (isMeasuring) {
        result.parts++;
        result.partMs.push(nowMs - this.#askedAtMs);
      }
      this.#asks = 'playlist';
      this.#part++;
    }
    this.#chunks = [];
    this.#size = 0;
    this.#wanted = Number.POSITIVE_INFINITY;
    this.#ask();
  }

  #fail(reason: string): void {
    if (!isOver) result.errors.push(reason);
  }
}

const total = Number(count);
for (let i = 0; i < total; i++) setTimeout(() => new Viewer(), (i / total) * JOIN_MS);
setTimeout(() => {
  isMeasuring = true;
  process.send?.('begun');
}, JOIN_MS + 2_000);
setTimeout(
  () => {
    isOver = true;
    result.playlistMs.sort((a, b) => a - b);
    result.partMs.sort((a, b) => a - b);
    process.send?.(result, () => process.exit());
  },
  JOIN_MS + 2_000 + Number(seconds) * 1000,
);
process.send?.('ready');
process.on('disconnect', () => process.exit());
