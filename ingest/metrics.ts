import type { Metrics } from '#platform';
import type { Held } from './holdings.ts';
import type { ProgramCounters } from './program/program.ts';
import type { RtmpListener } from './rtmp/listener.ts';

/** What is counted where it happens, over all events of this process. */
export interface IngestCounters extends ProgramCounters {
  publishes: { accepted: number; refused: number };
}

export const newCounters = (): IngestCounters => ({
  publishes: { accepted: 0, refused: 0 },
  units: { video: 0, audio: 0 },
  bytes: 0,
  dropped: 0,
  cuts: 0,
  interruptions: 0,
  skipped: 0,
});

export function ingestMetrics(
  metrics: Metrics,
  {
    counters,
    listeners,
    held,
  }: {
    counters: IngestCounters;
    listeners: readonly RtmpListener[];
    held: () => Iterable<Held>;
  },
): void {
  const programs = () => [...held()].map(({ program }) => program);
  const feeds = () => programs().flatMap(({ run }) => (run === undefined ? [] : [run.feed]));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const inState = (name: string) => programs().filter(({ state }) => state.name === name).length;

  metrics.gauge({
    name: 'ingest_connections',
    help: 'RTMP connections, whoever they are.',
    read: () => sum(listeners.map(({ connections }) => connections)),
  });
  metrics.total({
    name: 'ingest_connections_refused_total',
    help: 'Connections turned away at a bound.',
    read: () => sum(listeners.map(({ refused }) => refused)),
  });
  metrics.total({
    name: 'ingest_publishes_total',
    help: 'Publish commands, by how they were answered.',
    label: 'result',
    read: () => ({ ...counters.publishes }),
  });
  metrics.gauge({
    name: 'ingest_publishers',
    help: 'Sources that have a publisher.',
    read: () =>
      sum(programs().map(({ sources }) => [...sources].filter((s) => s.connected).length)),
  });
  metrics.total({
    name: 'ingest_units_total',
    help: 'Access units taken from publishers.',
    label: 'track',
    read: () => ({ ...counters.units }),
  });
  metrics.total({
    name: 'ingest_unit_bytes_total',
    help: 'Bytes of the access units taken from publishers.',
    read: () => counters.bytes,
  });
  metrics.total({
    name: 'ingest_units_dropped_total',
    help: 'Damaged or untimely tags of publishers that were left out.',
    read: () => counters.dropped,
  });
  metrics.gauge({
    name: 'program_events',
    help: 'Events that this node holds.',
    read: () => programs().length,
  });
  metrics.gauge({
    name: 'program_on_air',
    help: 'Programs with a source on air.',
    read: () => inState('on-air'),
  });
  metrics.gauge({
    name: 'program_interrupted',
    help: 'Programs that show the slate because no source is there.',
    read: () => inState('interrupted'),
  });
  metrics.total({
    name: 'program_interruptions_total',
    help: 'Times that a program lost the source on air.',
    read: () => counters.interruptions,
  });
  metrics.total({
    name: 'program_cuts_total',
    help: 'Times that a source came on air in a running program.',
    read: () => counters.cuts,
  });
  metrics.gauge({
    name: 'program_feed_readers',
    help: 'Transcoding jobs that read a program.',
    read: () => sum(feeds().map(({ readers }) => readers)),
  });
  metrics.gauge({
    name: 'program_feed_history_bytes',
    help: 'Media that is kept for readers that resume.',
    read: () => sum(feeds().map(({ historyBytes }) => historyBytes)),
  });
  metrics.total({
    name: 'program_feed_units_skipped_total',
    help: 'Access units that readers lost because they were too slow.',
    read: () => counters.skipped + sum(feeds().map(({ skipped }) => skipped)),
  });
}
