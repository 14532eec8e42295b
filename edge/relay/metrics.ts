import type { Metrics } from '#platform';
import type { Audience } from '../viewers/audience.ts';
import type { Objects } from './objects.ts';
import type { StatusBoard } from './status-board.ts';

export function relayMetrics(
  metrics: Metrics,
  {
    objects,
    board,
    audience,
    bytes,
  }: {
    objects: Objects;
    board: StatusBoard;
    audience: Audience;
    bytes: () => number;
  },
): void {
  metrics.total({
    name: 'relay_requests_total',
    help: 'Requests for playlists and media, by how they were answered.',
    label: 'result',
    read: () => ({ ...objects.counters }),
  });
  metrics.total({
    name: 'relay_sent_bytes_total',
    help: 'Bytes of whole answers that were at hand, heads included.',
    read: bytes,
  });
  metrics.total({
    name: 'relay_fetched_bytes_total',
    help: 'Bytes of playlists and media that came from parents.',
    read: () => objects.fetchedBytes,
  });
  metrics.gauge({
    name: 'relay_cache_bytes',
    help: 'Memory that the cache takes.',
    read: () => objects.cached.bytes,
  });
  metrics.gauge({
    name: 'relay_cache_objects',
    help: 'Answers in the cache.',
    read: () => objects.cached.count,
  });
  metrics.gauge({
    name: 'relay_fetches',
    help: 'Objects that are being fetched from a parent.',
    read: () => objects.inFlight,
  });
  metrics.gauge({
    name: 'relay_waiting_requests',
    help: 'Requests that are held: for an object under way, or for news.',
    read: () => objects.waiting + board.waiting,
  });
  metrics.gauge({
    name: 'relay_viewers',
    help: 'People watching through this relay and the relays behind it.',
    read: () => audience.viewers,
  });
}
