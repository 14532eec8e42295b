import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type fluentFfmpeg from 'fluent-ffmpeg';
import { AmphiError, messageOf } from '#base';

/**
 * The one place that knows fluent-ffmpeg. It assembles command lines; running
 * them is ours. Its capability check, which fails on ffmpeg 7 and later, is
 * never entered.
 */
export interface FfmpegCommand {
  /** Options in front of everything, e.g. log level. */
  global?: readonly string[];
  inputs: readonly { url: string; options?: readonly string[] }[];
  /** A filter graph that feeds several outputs. */
  filterGraph?: string;
  outputs: readonly { url: string; options: readonly string[] }[];
}

/** The arguments of `ffmpeg` for this command. */
export function ffmpegArgs(command: FfmpegCommand): string[] {
  const builder = loadFluent()();
  for (const { url, options = [] } of command.inputs) {
    builder.input(url).inputOptions([...options]);
  }
  if (command.filterGraph !== undefined) builder.complexFilter(command.filterGraph);
  for (const { url, options } of command.outputs) {
    builder.output(url).outputOptions([...options]);
  }
  const args = (builder as unknown as { _getArguments(): string[] })._getArguments();
  return ['-hide_banner', '-nostdin', ...(command.global ?? []), ...args];
}

/** Loaded when first needed. */
const loadFluent = (): typeof fluentFfmpeg => createRequire(import.meta.url)('fluent-ffmpeg');

const run = promisify(execFile);

export interface FfmpegInfo {
  version: string;
  major: number;
  minor: number;
}

/** Asks the installed ffmpeg what it is. Throws `missing_dependency` when there is none that works. */
export async function probeFfmpeg(path = 'ffmpeg'): Promise<FfmpegInfo> {
  try {
    const { stdout } = await run(path, ['-hide_banner', '-version'], { timeout: 10_000 });
    const version = stdout.match(/^ffmpeg version (\S+)/)?.[1] ?? 'unknown';
    const [, major, minor] = version.match(/^n?(\d+)\.(\d+)/) ?? [];
    return { version, major: Number(major ?? 99), minor: Number(minor ?? 0) };
  } catch (cause) {
    throw new AmphiError('missing_dependency', {
      detail: `ffmpeg does not run: ${messageOf(cause)}`,
      cause,
    });
  }
}

/** True when this command line ends well within the time: how a hardware encoder proves itself. */
export async function ffmpegSucceeds(
  args: readonly string[],
  timeoutMs = 10_000,
): Promise<boolean> {
  try {
    await run('ffmpeg', [...args], { timeout: timeoutMs });
    return true;
  } catch {
    return false;
  }
}
