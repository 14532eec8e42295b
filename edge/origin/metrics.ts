import type { Metrics } from '#platform';
import type { EventStore } from './event-store.ts';

export function originMetrics(
  metrics: Metrics,
  state: {
    events: () => readonly EventStore[];
    diskBytes: () => number;
    diskTrouble: () => boolean;
    pushes: () => number;
    reads: () => number;
  },
) {
  const renditions = () => state.events().flatMap((event) => event.renditions);
  metrics.gauge({
    name: 'origin_events',
    help: 'Events that the origin holds.',
    read: () => state.events().length,
  });
  metrics.gauge({
    name: 'origin_segments',
    help: 'Segments that can be fetched, all renditions together.',
    read: () => renditions().reduce((sum, { store }) => sum + store.segments.length, 0),
  });
  metrics.gauge({
    name: 'origin_disk_bytes',
    help: 'Bytes of DVR windows on disk.',
    read: state.diskBytes,
  });
  metrics.gauge({
    name: 'origin_disk_trouble',
    help: '1 while the disk does not take everything.',
    read: () => (state.diskTrouble() ? 1 : 0),
  });
  metrics.gauge({
    name: 'origin_spool_backlog_bytes',
    help: 'Bytes that wait for the disk.',
    read: () => renditions().reduce((sum, { spool }) => sum + spool.backlog, 0),
  });
  metrics.gauge({
    name: 'origin_reads',
    help: 'Requests of relays under way, held ones included.',
    read: state.reads,
  });
  metrics.gauge({
    name: 'origin_viewers',
    help: 'People watching, all events and relays together.',
    read: () => state.events().reduce((sum, { status }) => sum + status.value.viewers, 0),
  });
  metrics.gauge({
    name: 'origin_pushes',
    help: 'Pushes of renditions under way.',
    read: state.pushes,
  });
  return {
    readsTotal: metrics.counter<'result'>({
      name: 'origin_reads_total',
      help: 'Requests of relays, by how they were answered.',
      labels: ['result'],
    }),
    refused: metrics.counter<'code'>({
      name: 'origin_pushes_refused_total',
      help: 'Pushes that were refused or broken off, by the code of the problem.',
      labels: ['code'],
    }),
    skipped: metrics.counter({
      name: 'origin_parts_skipped_total',
      help: 'Parts that could not be decoded where they would have stood.',
    }),
    parts: metrics.counter({ name: 'origin_parts_total', help: 'Parts taken in.' }),
    partBytes: metrics.counter({
      name: 'origin_part_bytes_total',
      help: 'Bytes of parts taken in.',
    }),
  };
}
