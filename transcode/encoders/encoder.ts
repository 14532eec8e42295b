import { ffmpegSucceeds } from '#platform';
import { nvenc } from './nvenc.ts';
import { qsv } from './qsv.ts';
import { vaapi } from './vaapi.ts';
import { videotoolbox } from './videotoolbox.ts';
import { x264 } from './x264.ts';

/** What a rung asks of an encoder. */
export interface EncodeRequest {
  videoKbps: number;
  fps: number;
  /** x264 preset. */
  preset: string;
}

/** One way of making H.264. Adding one is adding a file and a line in the table below. */
export interface Encoder {
  name: 'x264' | 'nvenc' | 'qsv' | 'vaapi' | 'videotoolbox';
  hardware: boolean;
  /** Options in front of the inputs, e.g. a device. */
  globalOptions: readonly string[];
  /** Appended to a rung's filter chain, e.g. an upload to the device; empty for none. */
  upload: string;
  /** Low delay, no B-frames, no scene cuts: key frames come only where they are forced, as IDR. */
  options(request: EncodeRequest): string[];
}

const ENCODERS: readonly Encoder[] = [nvenc, qsv, vaapi, videotoolbox, x264];

/** True when this machine can encode with it: a short real encode. */
function works(encoder: Encoder): Promise<boolean> {
  return ffmpegSucceeds([
    ...['-hide_banner', '-v', 'error', ...encoder.globalOptions],
    ...['-f', 'lavfi', '-i', 'color=size=640x360:rate=30:duration=0.5'],
    ...['-vf', ['format=yuv420p', encoder.upload].filter((f) => f !== '').join(',')],
    ...encoder.options({ videoKbps: 500, fps: 30, preset: 'veryfast' }),
    ...['-f', 'null', '-'],
  ]);
}

/** The names of the encoders that work on this machine, best first. */
export async function workingEncoders(): Promise<string[]> {
  const found = await Promise.all(
    ENCODERS.map(async (encoder) => ((await works(encoder)) ? encoder.name : undefined)),
  );
  return found.filter((name) => name !== undefined);
}

/**
 * The encoder by name; `auto` takes the first hardware encoder that passes a
 * probe, else x264.
 */
export async function findEncoder(name: Encoder['name'] | 'auto'): Promise<Encoder> {
  if (name !== 'auto') return ENCODERS.find((encoder) => encoder.name === name) ?? x264;
  for (const encoder of ENCODERS) {
    if (!encoder.hardware || (await works(encoder))) return encoder;
  }
  return x264;
}
