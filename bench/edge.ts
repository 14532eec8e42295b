import { freePorts } from '#support';
import type { Benchmark } from './benchmark.ts';
import { measureRequests } from './edge/requests.ts';
import { measureViewers } from './edge/viewers.ts';

export const edge: Benchmark = {
  name: 'edge',
  summary:
    "CPU of a request of Amphi's public port against nginx proxy_cache, and a thousand low-latency viewers",
  run: async (options) => {
    const { verdicts, notes } = await measureViewers(await freePorts(2), options);
    const requests = await measureRequests(await freePorts(3), options);
    return {
      rows: requests.rows,
      verdicts: [...requests.verdicts, ...verdicts],
      ...(notes === undefined ? {} : { notes }),
    };
  },
};
