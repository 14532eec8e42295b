import { createServer, type ServerResponse } from 'node:http';
import { mediaPlaylist, type PlaylistSegment } from '#protocol';
import {
  newestPart,
  PART_BYTES,
  PART_MS,
  PARTS_PER_SEGMENT,
  partName,
  publishedAtMs,
} from './live-grid.ts';

/** A live broadcast without a picture: holds requests until their part's time has come. */

const WINDOW_SEGMENTS = 30;
const SEGMENT_US = PART_MS * PARTS_PER_SEGMENT * 1000;
const media = Buffer.alloc(PART_BYTES, 'amphi');
let newest = newestPart(Date.now());
const waiting = new Set<{ part: number; answer: () => void }>();

function playlist(): string {
  const last = Math.floor(newest / PARTS_PER_SEGMENT);
  const segments: PlaylistSegment[] = [];
  for (let number = last - WINDOW_SEGMENTS; number <= last; number++) {
    const count = number < last ? PARTS_PER_SEGMENT : (newest % PARTS_PER_SEGMENT) + 1;
    segments.push({
      number,
      uri: `${number}.m4s`,
      startUs: number * SEGMENT_US,
      durationUs: SEGMENT_US,
      gap: false,
      complete: count === PARTS_PER_SEGMENT,
      init: 'init-0123456789ab.mp4',
      discontinuity: false,
      parts:
        number < last - 3
          ? []
          : Array.from({ length: count }, (_, i) => ({
              uri: partName(number * PARTS_PER_SEGMENT + i),
              durationUs: PART_MS * 1000,
              independent: i === 0,
              gap: false,
            })),
    });
  }
  return mediaPlaylist({
    discontinuitySequence: 0,
    targetDuration: 2,
    ended: false,
    control: { partHoldBackUs: 1_000_000, holdBackUs: 6_000_000, canSkipUntilUs: 12_000_000 },
    segments,
    lowLatency: {
      partTargetUs: PART_MS * 1000,
      preloadHint: partName(newest + 1),
      reports: [],
    },
  });
}

function send(res: ServerResponse, type: string, maxAge: number, body: Buffer): void {
  res.writeHead(200, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': `public, max-age=${maxAge}`,
    etag: `"${newest}"`,
    'amphi-position': String(newest),
  });
  res.end(body);
}

const server = createServer((req, res) => {
  const url = new URL(req.url ?? '/', 'http://origin');
  const name = url.pathname.split('/').at(-1) ?? '';
  const numbers = name.match(/^(\d+)\.(\d+)\.m4s$/);
  const msn = Number(numbers?.[1] ?? url.searchParams.get('_HLS_msn') ?? 0);
  const part =
    msn * PARTS_PER_SEGMENT + Number(numbers?.[2] ?? url.searchParams.get('_HLS_part') ?? 0);
  const answer = () =>
    numbers === null
      ? send(res, 'application/vnd.apple.mpegurl', 12, Buffer.from(playlist()))
      : send(res, 'video/mp4', 60, media);
  if (name === 'status.json') res.writeHead(404).end();
  else if (part <= newest) answer();
  else waiting.add({ part, answer });
});

function publish(): void {
  newest = newestPart(Date.now());
  for (const held of waiting) {
    if (held.part > newest) continue;
    waiting.delete(held);
    held.answer();
  }
  setTimeout(publish, Math.max(1, publishedAtMs(newest + 1) - Date.now()));
}
publish();
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'));
process.on('disconnect', () => process.exit());
