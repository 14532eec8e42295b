import { describe, expect, it } from 'vitest';
import type { JobRung } from '#contracts';
import { ffmpegArgs } from '#platform';
import { bankCommand } from './command.ts';
import { x264 } from './encoders/x264.ts';

const GRID = { segmentUs: 2_000_000, phaseUs: 0, partsPerSegment: 6 };

const rung = (name: string, height: number, copy = false): JobRung => ({
  kind: 'video',
  name,
  order: 0,
  width: Math.round((height * 16) / 9 / 2) * 2,
  height,
  fps: { num: 30, den: 1 },
  videoKbps: 1000,
  audioKbps: 128,
  copy,
});

const COMMON = {
  grid: GRID,
  encoder: x264,
  preset: 'veryfast',
  cores: 2,
  thumbnails: false,
  opus: false,
  keyFrameUs: GRID.segmentUs,
};

const command = (rungs: JobRung[], more: Partial<typeof COMMON> = {}) =>
  bankCommand({
    ...COMMON,
    ...more,
    rungs,
    start: { baseUs: 8_008_000_000, videoUs: new Map([['720p', 1_500_000]]), audioUs: 1_000_000 },
  });

describe('bankCommand', () => {
  it('decodes once, encodes each rung, and encodes the sound once for all rungs of its rate', () => {
    const { pipes } = command([
      rung('720p', 720),
      rung('360p', 360),
      { kind: 'audio', name: 'audio', order: 2, audioKbps: 128 },
    ]);
    expect(pipes.map(({ kind, pipe }) => `${kind} ${pipe}`)).toEqual([
      'video 3',
      'video 4',
      'audio 5',
    ]);
  });

  it('gives sound of another rate a pipe of its own', () => {
    const { pipes } = command([
      rung('720p', 720),
      { kind: 'audio', name: 'audio', order: 1, audioKbps: 64 },
    ]);
    expect(pipes.filter(({ kind }) => kind === 'audio')).toHaveLength(2);
  });

  it('does not encode a rung that is copied', () => {
    const { pipes, command: built } = command([rung('720p', 720, true), rung('360p', 360)]);
    expect(pipes.filter(({ kind }) => kind === 'video')).toHaveLength(1);
    expect(built.filterGraph).toContain('split=1');
  });

  it('gives large pictures more threads where there are cores', () => {
    const threads = (rungs: JobRung[], cores: number) => {
      const { command: built } = bankCommand({
        ...COMMON,
        rungs,
        cores,
        start: { baseUs: 0, videoUs: new Map(), audioUs: 0 },
      });
      return built.outputs
        .filter(({ options }) => options.includes('-threads'))
        .map(({ options }) => options[options.indexOf('-threads') + 1]);
    };
    const large = { ...rung('1080p60', 1080), fps: { num: 60, den: 1 } } as JobRung;
    expect(threads([large, rung('360p', 360)], 2)).toEqual(['1', '1']);
    expect(threads([large, rung('360p', 360)], 16)).toEqual(['2', '1']);
  });

  it('needs no filter graph when nothing is encoded', () => {
    const { command: built } = command([rung('720p', 720, true)]);
    expect(built.filterGraph).toBeUndefined();
    expect(ffmpegArgs(built)).not.toContain('-filter_complex');
  });

  it('places forced key frames on the grid, counted from the first frame that is encoded', () => {
    const args = ffmpegArgs(command([rung('720p', 720)]).command);
    const expression = args[args.indexOf('-force_key_frames') + 1];
    // The run starts 1.5 s after a segment began: the next boundary is 0.5 s away.
    expect(expression).toContain('floor((t+3.508333)/2)');
  });

  it('places key frames between segment boundaries where they are wanted closer', () => {
    const args = ffmpegArgs(command([rung('720p', 720)], { keyFrameUs: 1_000_000 }).command);
    expect(args[args.indexOf('-force_key_frames') + 1]).toContain('floor((t+1.508333)/1)');
  });

  it('makes Opus of the sound once more where it is wanted, on a pipe of its own', () => {
    const { pipes, command: built } = command([rung('720p', 720)], { opus: true });
    expect(pipes.map(({ kind, pipe }) => `${kind} ${pipe}`)).toEqual([
      'video 3',
      'audio 4',
      'opus 5',
    ]);
    // 1 s is 50 frames of 20 ms.
    expect(ffmpegArgs(built).join(' ')).toContain('atrim=start_pts=48000 -c:a libopus');
  });

  it('skips pictures and sound that are there already', () => {
    const args = ffmpegArgs(command([rung('720p', 720)]).command);
    expect(args[args.indexOf('-filter_complex') + 1]).toContain("select='gte(t,1.483333)'");
    // Filled up from there, and only from there.
    expect(args[args.indexOf('-filter_complex') + 1]).toContain('setpts=PTS-1.500000/TB');
    expect(args[args.indexOf('-output_ts_offset') + 1]).toBe('1.500000');
    // 1 s is 46.875 AAC frames: the next whole one begins at sample 47 * 1024.
    expect(args[args.indexOf('-af') + 1]).toContain('atrim=start_pts=48128');
  });
});
