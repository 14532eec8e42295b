import { z } from 'zod';

const NAME_RULE = '1 to 16 lower-case letters or digits';
const name = z
  .string()
  .regex(/^[a-z0-9]{1,16}$/, `must be ${NAME_RULE}`)
  .meta({
    allowed: NAME_RULE,
    description:
      'Id in addresses and label in the quality menu, e.g. `720p`; each rung has its own',
  });
const audioKbps = z.int().min(16).max(512).describe('Target of the sound in kbit/s');

/** One rung of the bitrate ladder. */
export const rungSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('video').describe('Picture and sound'),
    name,
    shortSide: z.int().min(64).max(4320).describe("Length of the picture's shorter side in pixels"),
    maxFps: z.number().min(1).max(120).describe('Frames a second at the most'),
    videoKbps: z.int().min(30).max(100_000).describe('Target of the picture in kbit/s'),
    audioKbps,
  }),
  z.strictObject({
    kind: z.literal('audio').describe('Sound alone'),
    name,
    audioKbps,
  }),
]);

export type Rung = z.infer<typeof rungSchema>;
export type VideoRung = Extract<Rung, { kind: 'video' }>;

const AUDIO_KBPS = 128;

const video = (name: string, shortSide: number, maxFps: number, videoKbps: number): VideoRung => ({
  kind: 'video',
  name,
  shortSide,
  maxFps,
  videoKbps,
  audioKbps: AUDIO_KBPS,
});

/** Best first. */
export const DEFAULT_LADDER: Rung[] = [
  video('1080p60', 1080, 60, 6000),
  video('1080p', 1080, 30, 4500),
  video('720p60', 720, 60, 3800),
  video('720p', 720, 30, 2600),
  video('480p', 480, 30, 1200),
  video('360p', 360, 30, 700),
  video('240p', 240, 30, 350),
  { kind: 'audio', name: 'audio', audioKbps: AUDIO_KBPS },
];

/** What is known of a source's picture. */
export interface SourcePicture {
  width: number;
  height: number;
  fps: number;
}

/** A rung as one source gets it: size and rate are settled. */
export type ChosenRung =
  | { kind: 'audio'; name: string; audioKbps: number }
  | {
      kind: 'video';
      name: string;
      width: number;
      height: number;
      /** Frames a second as a fraction, e.g. 30000/1001. */
      fps: FrameRate;
      videoKbps: number;
      audioKbps: number;
    };

export interface FrameRate {
  num: number;
  den: number;
}

export const framesPerSecond = (rate: FrameRate): number => rate.num / rate.den;

const STANDARD_RATES: readonly FrameRate[] = [
  { num: 10, den: 1 },
  { num: 12, den: 1 },
  { num: 15, den: 1 },
  { num: 20, den: 1 },
  { num: 24000, den: 1001 },
  { num: 24, den: 1 },
  { num: 25, den: 1 },
  { num: 30000, den: 1001 },
  { num: 30, den: 1 },
  { num: 48, den: 1 },
  { num: 50, den: 1 },
  { num: 60000, den: 1001 },
  { num: 60, den: 1 },
  { num: 120, den: 1 },
];

/** The nearest standard frame rate; 30 when the rate is unknown or absurd. */
export function standardFrameRate(fps: number | undefined): FrameRate {
  const fallback = { num: 30, den: 1 };
  if (fps === undefined || !Number.isFinite(fps) || fps < 1 || fps > 250) return fallback;
  let best = fallback;
  for (const rate of STANDARD_RATES) {
    if (Math.abs(framesPerSecond(rate) - fps) < Math.abs(framesPerSecond(best) - fps)) best = rate;
  }
  return best;
}

/** Tolerance when a source is a few pixels below a rung. */
const NEARLY = 1.04;

/**
 * The rungs that this source gets, best first: never one above the source in
 * size or frame rate; of several rungs with the same size the best that fits;
 * at least one picture, at the source's own size when every rung is larger.
 */
export function chooseLadder(ladder: readonly Rung[], source: SourcePicture): ChosenRung[] {
  const shortSide = Math.min(source.width, source.height);
  const sourceRate = standardFrameRate(source.fps);
  const videoRungs = ladder.filter((rung) => rung.kind === 'video');
  const bySize = new Map<number, VideoRung>();
  for (const rung of videoRungs) {
    if (rung.shortSide > shortSide * NEARLY) continue;
    const known = bySize.get(rung.shortSide);
    if (known === undefined || fitsBetter(rung, known, sourceRate))
      bySize.set(rung.shortSide, rung);
  }
  if (bySize.size === 0) {
    const lowest = videoRungs.reduce<VideoRung | undefined>(
      (low, rung) => (low === undefined || rung.shortSide < low.shortSide ? rung : low),
      undefined,
    );
    if (lowest !== undefined) bySize.set(shortSide, { ...lowest, shortSide });
  }
  const chosen: ChosenRung[] = [...bySize.values()]
    .sort((a, b) => b.shortSide - a.shortSide)
    .map((rung) => ({
      kind: 'video',
      name: rung.name,
      ...scaledTo(source, Math.min(rung.shortSide, shortSide)),
      fps: rateWithin(sourceRate, rung.maxFps),
      videoKbps: rung.videoKbps,
      audioKbps: rung.audioKbps,
    }));
  for (const rung of ladder) if (rung.kind === 'audio') chosen.push(rung);
  return chosen;
}

/** Of two rungs of one size: the one that keeps more of the source's frames; if neither does, the cheaper. */
function fitsBetter(rung: VideoRung, than: VideoRung, source: FrameRate): boolean {
  const kept = framesPerSecond(rateWithin(source, rung.maxFps));
  const keptByOther = framesPerSecond(rateWithin(source, than.maxFps));
  return kept === keptByOther ? rung.maxFps < than.maxFps : kept > keptByOther;
}

/** The source's rate, halved or thirded until it is within the bound, so that frames are dropped evenly. */
function rateWithin(rate: FrameRate, maxFps: number): FrameRate {
  for (let divisor = 1; divisor <= 8; divisor++) {
    const candidate = { num: rate.num, den: rate.den * divisor };
    if (framesPerSecond(candidate) <= maxFps * 1.001) return candidate;
  }
  return standardFrameRate(maxFps);
}

/** Even dimensions with the source's aspect ratio and this shorter side. */
function scaledTo(source: SourcePicture, shortSide: number): { width: number; height: number } {
  const scale = shortSide / Math.min(source.width, source.height);
  const even = (n: number) => Math.max(2, 2 * Math.round((n * scale) / 2));
  return { width: even(source.width), height: even(source.height) };
}
