import { createServer } from 'node:http';
import { OBJECTS } from './objects.ts';

/** The origin behind both caches: answers each object once, then has nothing to do. */

const LINE = '#EXT-X-PART:DURATION=0.33333,URI="897000000.1.m4s"\n';
const bodies = new Map<string, Buffer>(
  OBJECTS.map(({ path, bytes }) => [path, Buffer.alloc(bytes, LINE)]),
);

const server = createServer((req, res) => {
  const body = bodies.get(req.url ?? '');
  if (body === undefined) {
    res.writeHead(404).end();
    return;
  }
  const isPlaylist = req.url?.includes('.m3u8');
  res.writeHead(200, {
    'content-type': isPlaylist ? 'application/vnd.apple.mpegurl' : 'video/mp4',
    'content-length': body.length,
    'cache-control': 'public, max-age=3600',
    etag: '"bench"',
    ...(isPlaylist ? {} : { 'accept-ranges': 'bytes' }),
  });
  res.end(body);
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'));
process.on('disconnect', () => process.exit());
