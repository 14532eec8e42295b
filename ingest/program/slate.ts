import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmphiError, copyBytes, type Logger, messageOf } from '#base';
import { type FrameRate, framesPerSecond } from '#config';
import type { MediaConfig } from '#contracts';
import { ffmpegArgs, lastWords, startChild } from '#platform';
import { FlvReader, parseAvTag } from '#protocol';
import { renderSvg } from '../drawing.ts';
import { drawnSize, type SlateKind, slateSvg } from './slate-picture.ts';

export interface SlateSpec {
  kind: SlateKind;
  title: string;
  width: number;
  height: number;
  fps: FrameRate;
}

/** A GOP of a still picture that can be played over and over: encoded once, it then costs nothing. */
export interface SlateClip {
  config: MediaConfig & { track: 'video' };
  /** Access units; the first is a key frame. */
  units: Uint8Array[];
  fps: FrameRate;
}

const GOP_SECONDS = 2;
const MAX_CLIP_BYTES = 4 * 1024 * 1024;
/** In memory and on disk; those that were not asked for the longest go first. */
const MAX_KEPT = 64;

/** Draws and encodes slates, and keeps them on disk so that a restarted ingest has its own at once. */
export class SlateMaker {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #make: (spec: SlateSpec) => Promise<Uint8Array>;
  readonly #clips = new Map<string, Promise<SlateClip>>();

  /** `make` gives a slate as an FLV file; other than ffmpeg's only in tests. */
  constructor(folder: string, log: Logger, make = drawAndEncode) {
    this.#folder = folder;
    this.#log = log;
    this.#make = make;
  }

  /** Rejects with `internal` when ffmpeg fails. */
  clip(spec: SlateSpec): Promise<SlateClip> {
    const name = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32);
    const known = this.#clips.get(name);
    const clip = known ?? this.#load(name, spec);
    this.#clips.delete(name);
    this.#clips.set(name, clip);
    if (known === undefined) clip.catch(() => this.#clips.delete(name));
    const [oldest] = this.#clips.keys();
    if (this.#clips.size > MAX_KEPT && oldest !== undefined) this.#clips.delete(oldest);
    return clip;
  }

  async #load(name: string, spec: SlateSpec): Promise<SlateClip> {
    const path = join(this.#folder, `${name}.flv`);
    const known = await readFile(path).catch(() => undefined);
    if (known !== undefined) {
      try {
        const clip = parseClip(known, spec.fps);
        await utimes(path, new Date(), new Date()).catch(() => {});
        return clip;
      } catch (error) {
        this.#log.warn(
          { path, reason: messageOf(error) },
          'slate on disk is damaged; drawing it anew',
        );
      }
    }
    const flv = await this.#make(spec);
    const clip = parseClip(flv, spec.fps);
    await mkdir(this.#folder, { recursive: true });
    await writeFile(`${path}.tmp`, flv);
    await rename(`${path}.tmp`, path);
    await this.#tidy();
    return clip;
  }

  /** Keeps the files that were used last. */
  async #tidy(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.flv'));
    if (names.length <= MAX_KEPT) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const usedAtMs = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        return { path, usedAtMs };
      }),
    );
    files.sort((a, b) => b.usedAtMs - a.usedAtMs);
    await Promise.all(files.slice(MAX_KEPT).map(({ path }) => rm(path, { force: true })));
  }
}

const drawAndEncode = async (spec: SlateSpec): Promise<Uint8Array> =>
  encode(await draw(spec), spec);

const draw = async (spec: SlateSpec): Promise<Uint8Array> =>
  (await renderSvg(slateSvg({ ...spec, ...drawnSize(spec) }))).asPng();

async function encode(png: Uint8Array, { fps, width, height }: SlateSpec): Promise<Uint8Array> {
  const frames = Math.max(1, Math.round(framesPerSecond(fps) * GOP_SECONDS));
  const args = ffmpegArgs({
    global: ['-v', 'error'],
    inputs: [
      {
        url: 'pipe:0',
        options: ['-f', 'png_pipe', '-framerate', `${fps.num}/${fps.den}`],
      },
    ],
    outputs: [
      {
        url: 'pipe:1',
        options: [
          ...[
            '-frames:v',
            String(frames),
            '-vf',
            `scale=${width}:${height},format=yuv420p,loop=-1:1`,
          ],
          ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'stillimage', '-crf', '20'],
          ...['-bf', '0', '-g', String(frames), '-sc_threshold', '0', '-threads', '1'],
          ...['-flvflags', 'no_duration_filesize', '-f', 'flv'],
        ],
      },
    ],
  });
  const child = startChild('ffmpeg', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const complaint = lastWords(child.process.stderr);
  child.process.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.process.stdin?.on('error', () => {});
  child.process.stdin?.end(png);
  const timer = setTimeout(() => child.process.kill('SIGKILL'), 20_000);
  const exit = await child.exited;
  clearTimeout(timer);
  if (exit.code !== 0) {
    throw new AmphiError(
      'internal',
      `the slate could not be encoded: ${exit.error?.message ?? complaint()}`,
    );
  }
  return Buffer.concat(output);
}

function parseClip(flv: Uint8Array, fps: FrameRate): SlateClip {
  let config: SlateClip['config'] | undefined;
  const units: Uint8Array[] = [];
  const reader = new FlvReader({
    maxBodyBytes: MAX_CLIP_BYTES,
    onTag: (tag) => {
      const av = parseAvTag(tag.type, tag.body);
      if (av.kind === 'video-config') {
        config = { track: 'video', codec: av.codec, bytes: copyBytes(av.config) };
      } else if (av.kind === 'video' && (units.length > 0 || av.key)) {
        units.push(copyBytes(av.payload));
      }
    },
  });
  reader.push(flv);
  if (config === undefined || units.length === 0) throw new RangeError('a slate without pictures');
  return { config, units, fps };
}
