import type { TransportStats } from '../control/messages.ts';
import type { Producer } from '../core/producer.ts';
import type { Transport } from '../core/transport.ts';

/** What a transport and all on it have done so far. */
export const statsOf = (transport: Transport, nowMs: number): TransportStats => ({
  transportId: transport.id,
  refused: transport.refused,
  queueDelayMs: transport.queueDelayMs,
  path: pathOf(transport, nowMs),
  producers: [...transport.producers.values()].map((producer) => ({
    producerId: producer.id,
    streams: streamsOf(producer, nowMs),
  })),
  consumers: [...transport.consumers.values()].map((consumer) => ({
    consumerId: consumer.id,
    producerId: consumer.producer.id,
    rank: consumer.rank,
    packets: consumer.packets,
    octets: consumer.octets,
    resent: consumer.resent,
    replays: consumer.replays,
    rttMs: consumer.rttMs,
    fractionLost: consumer.fractionLost,
    playoutDelayMs: consumer.playoutDelayMs,
    priority: consumer.priority,
    boundRank: consumer.boundTo?.rank ?? null,
    boundTemporal: consumer.boundTo?.temporal ?? null,
  })),
});

const pathOf = ({ path, wanted }: Transport, nowMs: number): TransportStats['path'] => {
  const { control, pacer } = path;
  return {
    estimate: control.estimate(nowMs) ?? null,
    delayBased: control.delayBased,
    lossBased: control.lossBased,
    acknowledged: control.acknowledged,
    wanted,
    fractionLost: control.fractionLost,
    rttMs: control.rttMs,
    queueMs: control.queueMs,
    probes: control.prober.probes,
    waitingBytes: pacer.waitingBytes,
    dropped: pacer.dropped,
  };
};

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
