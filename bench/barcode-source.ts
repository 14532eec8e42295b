import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { BLOCK, barcodeOf } from './barcode.ts';

export const PICTURE = { width: 1280, height: 720, fps: 30 } as const;
const LUMA_BYTES = PICTURE.width * PICTURE.height;
const FRAME_BYTES = (LUMA_BYTES * 3) / 2;
/** Backgrounds are drawn once and repeat: stripes that move and a patch of noise, so that coding has work. */
const BACKGROUNDS = 30;

const SAMPLE_RATE = 48_000;
const SAMPLES_PER_FRAME = SAMPLE_RATE / PICTURE.fps;
const TONE_HZ = 450;

/**
 * A 720p30 camera with a clock in its picture: frames are drawn here, one at a
 * time when each is due, stamped with the wall clock as they go to the encoder.
 * The sound goes with them, for an encoder holds back the picture until it has
 * the sound of the same moment.
 */
export class BarcodeSource {
  readonly #encoder: ChildProcess;
  readonly #backgrounds = Array.from({ length: BACKGROUNDS }, (_, i) => background(i));
  #closed = false;
  #complaint = '';
  /** Frames that were not taken in time by the encoder. */
  late = 0;
  /** Resolves when the encoder has ended, by itself or not. */
  readonly exited: Promise<void>;

  constructor(rtmpUrl: string) {
    this.#encoder = spawn('ffmpeg', encoderArgs(rtmpUrl), {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    });
    this.#encoder.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-1000);
    });
    this.exited = new Promise((resolve) => this.#encoder.once('exit', () => resolve()));
    // A broken pipe is told by the exit.
    for (const pipe of [this.#encoder.stdio[0], this.#encoder.stdio[3]])
      pipe?.on('error', () => {});
    this.#run().catch((error) => {
      this.#complaint += String(error);
    });
  }

  get complaint(): string {
    return this.#complaint;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#encoder.kill('SIGKILL');
    await this.exited;
  }

  async #run(): Promise<void> {
    const sound = this.#encoder.stdio[3];
    const tone = toneOfOneFrame();
    const began = performance.now();
    for (let n = 0; !this.#closed; n++) {
      const dueMs = began + (n * 1000) / PICTURE.fps - performance.now();
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
      else if (dueMs < -1000 / PICTURE.fps) this.late++;
      const frame = Buffer.from(this.#backgrounds[n % BACKGROUNDS] ?? []);
      stamp(frame, Date.now());
      const pipe = this.#encoder.stdin;
      if (pipe === null || pipe.destroyed) return;
      if (sound instanceof Writable) sound.write(tone);
      if (!pipe.write(frame)) {
        await new Promise<void>((resolve) => {
          const done = () => {
            pipe.off('drain', done);
            pipe.off('close', done);
            resolve();
          };
          pipe.on('drain', done);
          pipe.on('close', done);
        });
      }
    }
  }
}

/** Whole periods of a tone, so that it goes on without a click. */
function toneOfOneFrame(): Buffer {
  const samples = Buffer.alloc(SAMPLES_PER_FRAME * 4);
  for (let i = 0; i < SAMPLES_PER_FRAME; i++) {
    const level = Math.round(4_000 * Math.sin((2 * Math.PI * TONE_HZ * i) / SAMPLE_RATE));
    samples.writeInt16LE(level, i * 4);
    samples.writeInt16LE(level, i * 4 + 2);
  }
  return samples;
}

function stamp(frame: Buffer, epochMs: number): void {
  const row = Buffer.alloc(PICTURE.width, 16);
  for (const [i, luma] of barcodeOf(epochMs).entries()) {
    row.fill(luma, i * BLOCK.width, (i + 1) * BLOCK.width);
  }
  for (let y = 0; y < BLOCK.height; y++) row.copy(frame, y * PICTURE.width);
  // Without colour, so that nothing bleeds into the blocks.
  const chromaWidth = PICTURE.width / 2;
  const chromaRows = BLOCK.height / 2;
  for (const plane of [LUMA_BYTES, LUMA_BYTES * 1.25]) {
    frame.fill(128, plane, plane + chromaWidth * chromaRows);
  }
}

function background(n: number): Buffer {
  const frame = Buffer.alloc(FRAME_BYTES, 128);
  const { width, height } = PICTURE;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const stripe = ((x + y + n * 8) >> 5) & 7;
      frame[y * width + x] = 40 + stripe * 22;
    }
  }
  for (let y = 300; y < 420; y++) {
    for (let x = 500; x < 780; x++) frame[y * width + x] = 16 + Math.floor(Math.random() * 200);
  }
  return frame;
}

function encoderArgs(rtmpUrl: string): string[] {
  const { width, height, fps } = PICTURE;
  const raw = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-r',
    String(fps),
  ];
  const sound = ['-f', 's16le', '-ar', String(SAMPLE_RATE), '-ac', '2'];
  return [
    ...['-hide_banner', '-v', 'error'],
    ...['-probesize', '32', '-analyzeduration', '0', ...raw, '-i', 'pipe:0'],
    ...['-probesize', '32', '-analyzeduration', '0', ...sound, '-i', 'pipe:3'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-g', String(fps * 2), '-keyint_min', String(fps * 2), '-sc_threshold', '0'],
    ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '2500k'],
    ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-f', 'flv', rtmpUrl],
  ];
}
