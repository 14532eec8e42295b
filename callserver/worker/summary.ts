import type { TransportSummary } from '../control/messages.ts';
import type { Transport } from '../core/transport.ts';

/** How a transport fares, over all its producers and consumers. */
export function summaryOf(transport: Transport, nowMs: number): TransportSummary {
  const { control } = transport.path;
  const incoming = { bitsPerSecond: 0, packets: 0, lost: 0, rttMs: 0 };
  for (const producer of transport.producers.values()) {
    for (const stream of producer.streams) {
      if (stream === undefined) continue;
      incoming.bitsPerSecond += stream.layerRates.bitsPerSecond(TOP_TEMPORAL, nowMs);
      incoming.packets += stream.statistics.packets;
      incoming.lost += stream.statistics.lost + stream.repaired;
      incoming.rttMs = Math.max(incoming.rttMs, stream.nack?.rttMs ?? 0);
    }
  }
  const outgoing = { packets: 0, octets: 0, fractionLost: 0, rttMs: 0 };
  for (const consumer of transport.consumers.values()) {
    outgoing.packets += consumer.packets;
    outgoing.octets += consumer.octets;
    outgoing.fractionLost = Math.max(outgoing.fractionLost, consumer.fractionLost);
    outgoing.rttMs = Math.max(outgoing.rttMs, consumer.rttMs);
  }
  return {
    transportId: transport.id,
    pipe: transport.isPipe,
    incoming,
    outgoing: {
      ...outgoing,
      estimate: control.estimate(nowMs) ?? null,
      wanted: transport.wanted,
      queueMs: control.queueMs,
    },
  };
}

/** All that there are. */
const TOP_TEMPORAL = 7;
