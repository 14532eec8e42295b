import { spawn } from 'node:child_process';
import { type Manifest, Parser } from 'm3u8-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attributes,
  HlsChecker,
  Instance,
  Publisher,
  type ReadPlaylist,
  readPlaylist,
  until,
} from '#support';

/** What a real encoder's stream becomes, as three readers that are not ours see it. */

let amphi: Instance;
let publisher: Publisher;
let base: string;
let master: string;

const textOf = async (url: string): Promise<string> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.text();
};

beforeAll(async () => {
  amphi = await Instance.start();
  const { eventId, rtmpUrl } = await amphi.createEvent();
  publisher = new Publisher(rtmpUrl, { size: '640x360' });
  base = `${amphi.base}/hls/${eventId}`;
  master = await until('the whole ladder', async () => {
    const text = await textOf(`${base}/master.m3u8`);
    return text.includes('audio/media.m3u8') && text.includes('240p') && text;
  });
  await until(
    'some segments',
    async () => readPlaylist(await textOf(`${base}/360p/plain.m3u8`)).segments.length >= 4,
    40_000,
  );
  master = await textOf(`${base}/master.m3u8`);
});

afterAll(async () => {
  await publisher?.kill();
  await amphi?.stop();
});

/** Consecutive versions of a low-latency playlist, in whole and as delta updates by turns. */
async function follow(name: string, versions: number): Promise<HlsChecker> {
  const checker = new HlsChecker();
  const url = `${base}/${name}/media.m3u8`;
  checker.check(await textOf(url));
  for (let i = 0; i < versions; i++) {
    const hint = checker.last?.preloadHint?.match(/^(\d+)\.(\d+)/);
    const skip = i % 3 === 0 ? '' : '&_HLS_skip=YES';
    checker.check(await textOf(`${url}?_HLS_msn=${hint?.[1]}&_HLS_part=${hint?.[2]}${skip}`));
  }
  return checker;
}

describe('the rules of the draft', () => {
  it('hold in every low-latency playlist, version after version', async () => {
    const checkers = await Promise.all(['360p', '240p', 'audio'].map((name) => follow(name, 24)));
    for (const checker of checkers) {
      expect(checker.faults).toEqual([]);
      expect(checker.checked).toBe(25);
    }
    // The same cut, the same dates and the same promises in all renditions.
    const [first, ...others] = checkers.map(({ last }) => last!);
    const dates = new Map(first!.segments.map(({ number, dateTime }) => [number, dateTime]));
    for (const other of others) {
      expect(other.control).toEqual(first!.control);
      expect(other.targetDuration).toBe(first!.targetDuration);
      expect(other.discontinuitySequence).toBe(first!.discontinuitySequence);
      for (const { number, dateTime } of other.segments) {
        const off = Math.abs((dates.get(number) ?? dateTime ?? 0) - (dateTime ?? 0));
        expect(off).toBeLessThan(50);
      }
    }
  });

  it('hold in plain and I-frame playlists', async () => {
    for (const name of ['360p/plain.m3u8', 'audio/plain.m3u8', '360p/iframes.m3u8']) {
      const checker = new HlsChecker();
      const begin = checker.check(await textOf(`${base}/${name}`))?.segments.at(-1)?.number ?? 0;
      await until('two more segments', async () => {
        const read = checker.check(await textOf(`${base}/${name}`));
        return (read?.segments.at(-1)?.number ?? 0) >= begin + 2;
      });
      expect(checker.faults).toEqual([]);
      expect(checker.last?.iFramesOnly).toBe(name.includes('iframes'));
    }
  });

  it('hold in the multivariant playlist', () => {
    const lines = master.split('\n');
    expect(lines[0]).toBe('#EXTM3U');
    const uris: string[] = [];
    lines.forEach((line, i) => {
      if (!line.startsWith('#EXT-X-STREAM-INF:')) return;
      const found = attributes(line.slice(line.indexOf(':') + 1));
      expect(Number(found['BANDWIDTH'])).toBeGreaterThanOrEqual(Number(found['AVERAGE-BANDWIDTH']));
      expect(found['CODECS']).toMatch(/^"(?:avc1\.[0-9a-f]{6},)?mp4a\.40\.2"$/);
      const isVideo = found['CODECS']?.includes('avc1') === true;
      expect(found['RESOLUTION'] !== undefined).toBe(isVideo);
      if (isVideo) expect(Number(found['FRAME-RATE'])).toBeCloseTo(30, 1);
      uris.push(lines[i + 1] ?? '');
    });
    expect(uris).toEqual(['360p/media.m3u8', '240p/media.m3u8', 'audio/media.m3u8']);
    expect(master).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
  });

  it('keep to the peak that was said', async () => {
    const [, bandwidth] = master.match(/BANDWIDTH=(\d+)[^\n]*\n360p/) ?? [];
    const { segments } = readPlaylist(await textOf(`${base}/360p/plain.m3u8`));
    const rates = await Promise.all(
      segments.slice(-3).map(async ({ uri, duration }) => {
        const head = await fetch(`${base}/360p/${uri}`, { method: 'HEAD' });
        return (Number(head.headers.get('content-length')) * 8) / duration;
      }),
    );
    // 8216bis 4.4.6.2 allows a tenth more than what is said.
    for (const rate of rates) expect(rate).toBeLessThan(Number(bandwidth) * 1.1 + 50_000);
  });
});

/** Runs a program; returns what it printed. Rejects when it fails or complains. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let complaint = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      complaint += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && complaint === '') resolve(out);
      else reject(new Error(`${program} ended with ${code}: ${complaint}`));
    });
  });
}

describe('ffmpeg as a player', () => {
  it.each(['master.m3u8', 'plain.m3u8', '360p/media.m3u8', '240p/plain.m3u8', 'audio/media.m3u8'])(
    'reads and decodes %s without a complaint',
    async (name) => {
      const args = ['-v', 'error', '-i', `${base}/${name}`];
      const probed = await run('ffprobe', [...args, '-show_streams', '-of', 'json']);
      const { streams } = JSON.parse(probed) as {
        streams: { codec_name: string; width?: number; sample_rate?: string }[];
      };
      const codecs = new Set(streams.map(({ codec_name }) => codec_name));
      const isSound = name.startsWith('audio');
      expect([...codecs].sort()).toEqual(isSound ? ['aac'] : ['aac', 'h264']);
      const stats = ['-progress', 'pipe:1', '-nostats', '-t', '4', '-f', 'null', '-'];
      const progress = await run('ffmpeg', [...args, ...stats]);
      const playedUs = Number(
        progress.match(/out_time_us=(\d+)\nout_time(?![\s\S]*out_time_us)/)?.[1],
      );
      expect(playedUs).toBeGreaterThan(3_800_000);
    },
  );
});

describe('an independent parser', () => {
  function parsed(text: string): Manifest {
    const parser = new Parser();
    parser.push(text);
    parser.end();
    return parser.manifest;
  }

  it.each(['360p/media.m3u8', '360p/plain.m3u8', 'audio/media.m3u8'])(
    'finds in %s what ours finds',
    async (name) => {
      const text = await textOf(`${base}/${name}`);
      const [theirs, ours] = [parsed(text), readPlaylist(text)];
      expect(shapeOf(theirs)).toEqual(shapeOfOurs(ours));
    },
  );

  it('finds the variants with their attributes', () => {
    const { playlists = [] } = parsed(master);
    expect(playlists.map(({ uri, attributes: { RESOLUTION } }) => [uri, RESOLUTION])).toEqual([
      ['360p/media.m3u8', { width: 640, height: 360 }],
      ['240p/media.m3u8', { width: 426, height: 240 }],
      ['audio/media.m3u8', undefined],
    ]);
    for (const { attributes: found } of playlists) {
      expect(found.BANDWIDTH).toBeGreaterThan(10_000);
      expect(found.CODECS).toContain('mp4a.40.2');
    }
  });
});

const shapeOf = (manifest: Manifest) => ({
  version: manifest.version,
  targetDuration: manifest.targetDuration,
  mediaSequence: manifest.mediaSequence,
  independent: manifest.independentSegments === true,
  ended: manifest.endList === true,
  partTarget: manifest.partTargetDuration,
  holdBack: manifest.serverControl?.['holdBack'],
  skipUntil: manifest.serverControl?.['canSkipUntil'],
  blocks: manifest.serverControl?.['canBlockReload'],
  reports: manifest.renditionReports?.map((said) => [
    said['uri'],
    said['lastMsn'],
    said['lastPart'],
  ]),
  segments: manifest.segments.map(({ uri, duration, map, parts = [], dateTimeObject }) => ({
    uri,
    duration,
    map: map?.uri,
    at: dateTimeObject?.getTime(),
    parts: parts.map((part) => [part['uri'], part['duration'], part['independent'] === true]),
  })),
  open: manifest.preloadSegment?.parts?.map((part) => part['uri']) ?? [],
});

function shapeOfOurs(playlist: ReadPlaylist): ReturnType<typeof shapeOf> {
  const { control, partTarget } = playlist;
  const number = (name: string) => (control === undefined ? undefined : Number(control[name]));
  return {
    version: playlist.version,
    targetDuration: playlist.targetDuration,
    mediaSequence: playlist.mediaSequence,
    independent: playlist.independentSegments,
    ended: playlist.ended,
    partTarget,
    holdBack: number('HOLD-BACK'),
    skipUntil: number('CAN-SKIP-UNTIL'),
    blocks: control === undefined ? undefined : true,
    reports:
      partTarget === undefined
        ? undefined
        : playlist.reports.map(({ uri, lastMsn, lastPart }) => [uri, lastMsn, lastPart]),
    segments: playlist.segments
      .filter(({ uri }) => uri !== undefined)
      .map(({ uri = '', duration, map, parts, dateTime }) => ({
        uri,
        duration,
        map,
        at: dateTime,
        parts: parts.map((part) => [part.uri, part.duration, part.independent]),
      })),
    open: playlist.segments
      .filter(({ uri }) => uri === undefined)
      .flatMap(({ parts }) => parts.map(({ uri }) => uri)),
  };
}
