import type { TransportStats } from '../control/messages.ts';
import type { Producer } from '../core/producer.ts';
import type { Transport } from '../core/transport.ts';

/** What a transport and all on it have done so far. */
export const statsOf = (transport: Transport, nowMs: number): TransportStats => ({
  transportId: transport.id,
  refused: transport.refused,
  queueDelayMs: transport.queueDelayMs,
  producers: [...transport.producers.values()].map((producer) => ({
    producerId: producer.id,
    streams: streamsOf(producer, nowMs),
  })),
  consumers: [...transport.consumers.values()].map((consumer) => ({
    consumerId: consumer.id,
    producerId: consumer.producer.id,
    rank: consumer.producer.rankOf(consumer.layer),
    packets: consumer.packets,
    octets: consumer.octets,
    resent: consumer.resent,
    rttMs: consumer.rttMs,
    fractionLost: consumer.fractionLost,
  })),
});

const streamsOf = (producer: Producer, nowMs: number) =>
  producer.streams
    .filter((stream) => stream !== undefined)
    .map((stream) => ({
      layer: stream.layer,
      rank: producer.rankOf(stream.layer),
      ssrc: stream.ssrc,
      live: stream.isLive(nowMs),
      width: stream.width,
      height: stream.height,
      bitsPerSecond: stream.rate.bitsPerSecond(nowMs),
      packets: stream.statistics.packets,
      lost: stream.statistics.lost,
      repaired: stream.repaired,
      duplicates: stream.duplicates,
      malformed: stream.malformed,
      keyFrameRequests: stream.keyFrames.sent,
    }));
