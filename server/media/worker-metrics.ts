import type { Metrics } from '#platform';
import type { WorkerPool } from './worker-pool.ts';

/** Shows what the workers of this machine do. */
export function measureWorkers(pool: WorkerPool, metrics: Metrics): void {
  metrics.gauge({
    name: 'callserver_workers',
    help: 'Call-server worker processes that are up.',
    read: () => pool.up,
  });
  metrics.total({
    name: 'callserver_worker_restarts_total',
    help: 'Worker processes that were started again.',
    read: () => pool.restarts,
  });
  metrics.gauge({
    name: 'callserver_sessions',
    help: 'WebRTC sessions held by the workers.',
    read: () => pool.sessions,
  });
  metrics.gauge({
    name: 'callserver_tcp_connections',
    help: 'Peers that come by TCP, since their networks let no UDP through.',
    read: async () => sum(await tcpOf(pool), ({ connections }) => connections),
  });
  metrics.total({
    name: 'callserver_tcp_connections_total',
    help: 'TCP connections of WebRTC peers, by what became of them.',
    label: 'result',
    read: async () => {
      const tcp = await tcpOf(pool);
      const ended = (end: keyof Tcp['ended']) => sum(tcp, (one) => one.ended[end]);
      return {
        accepted: sum(tcp, ({ accepted }) => accepted),
        refused: sum(tcp, ({ refused }) => refused),
        stranger: ended('stranger'),
        displaced: ended('displaced'),
        malformed: ended('malformed'),
        idle: ended('idle'),
        closed: ended('closed'),
      };
    },
  });
  metrics.total({
    name: 'callserver_tcp_packets_dropped_total',
    help: 'Packets that a slow TCP receiver had no room for.',
    read: async () => sum(await tcpOf(pool), ({ dropped }) => dropped),
  });
}

type Tcp = NonNullable<Awaited<ReturnType<WorkerPool['stats']>>[number]['iceTcp']>;

const tcpOf = async (pool: WorkerPool): Promise<Tcp[]> =>
  (await pool.stats()).flatMap(({ iceTcp }) => (iceTcp === undefined ? [] : [iceTcp]));

const sum = <T>(all: readonly T[], read: (one: T) => number): number =>
  all.reduce((total, one) => total + read(one), 0);
