import { z } from 'zod';
import { DataChannelRules } from '../data-parameters.ts';
import {
  ConsumerParameters,
  LocalTransport,
  ProducerParameters,
  RemoteTransport,
} from '../parameters.ts';
import { DATA_NOTICES, DATA_REQUESTS, DataStats } from './data-messages.ts';

/**
 * The control protocol of a worker: requests with one answer each, and notices.
 * Ids are the owner's to choose, so that nothing needs to be looked up after a
 * request whose answer got lost.
 */
const id = z.string().min(1).max(64);
const nothing = z.object({});
const rank = z.int().min(0).max(7);
const pixels = z.int().min(0).max(16_384);
const MAX_PRIORITY = 100;
const MAX_TOP_SPEAKERS = 64;

const StreamStats = z.object({
  layer: z.int(),
  rank: z.int(),
  ssrc: z.int(),
  live: z.boolean(),
  width: z.int(),
  height: z.int(),
  bitsPerSecond: z.number(),
  packets: z.int(),
  lost: z.int(),
  repaired: z.int(),
  duplicates: z.int(),
  malformed: z.int(),
  keyFrameRequests: z.int(),
});

const ProducerStats = z.object({ producerId: id, streams: z.array(StreamStats) });

const ConsumerStats = z.object({
  consumerId: id,
  producerId: id,
  /** -1 before the first key frame. */
  rank: z.int(),
  packets: z.int(),
  octets: z.int(),
  resent: z.int(),
  /** How often it began with a key frame out of the cache. */
  replays: z.int(),
  rttMs: z.number(),
  fractionLost: z.number(),
  /** What the receiver is asked to wait at least for repairs. */
  playoutDelayMs: z.number(),
  priority: z.int(),
  /** What congestion control leaves to it at most; -1 for no picture, null for no bound. */
  boundRank: z.int().nullable(),
  boundTemporal: z.int().nullable(),
});

/** Sender-side congestion control towards a receiver. Bits per second, headers included. */
const PathStats = z.object({
  /** What the path bears; null when the receiver gives no feedback. */
  estimate: z.number().nullable(),
  delayBased: z.number(),
  lossBased: z.number(),
  acknowledged: z.number(),
  /** What the consumers could use. */
  wanted: z.number(),
  fractionLost: z.number(),
  rttMs: z.number(),
  /** How long packets wait in the queues of the path. */
  queueMs: z.number(),
  probes: z.int(),
  /** In the pacer: bytes that wait, packets that would have waited too long. */
  waitingBytes: z.int(),
  dropped: z.int(),
});

export const TransportStats = z.object({
  transportId: id,
  refused: z.int(),
  queueDelayMs: z.number(),
  path: PathStats,
  producers: z.array(ProducerStats),
  consumers: z.array(ConsumerStats),
  /** Where it may have data channels. */
  data: DataStats.optional(),
});
export type TransportStats = z.infer<typeof TransportStats>;

const count = z.int().min(0);

/** What a worker does, all its transports together. */
const WorkerStats = z.object({
  /** WebRTC peers, those that are awaited too. */
  peers: count,
  /** Where ICE-TCP is offered. Counts are since the worker's start. */
  iceTcp: z
    .object({
      connections: count,
      accepted: count,
      /** At a bound on connections. */
      refused: count,
      /** Packets that a slow receiver had no room for. */
      dropped: count,
      ended: z.object({
        stranger: count,
        displaced: count,
        malformed: count,
        idle: count,
        closed: count,
      }),
    })
    .optional(),
  /** Where there is a port for TURN servers. */
  relayed: z
    .object({
      flows: count,
      accepted: count,
      /** At a bound on flows. */
      refused: count,
      /** Packets of nobody's, and those that there was no room for. */
      strangers: count,
      dropped: count,
    })
    .optional(),
});

export type WorkerStats = z.infer<typeof WorkerStats>;

/** How one transport fares, in short. Totals since it began; bits per second, headers included. */
export const TransportSummary = z.object({
  transportId: id,
  /** At its other end is another call server. */
  pipe: z.boolean(),
  incoming: z.object({
    bitsPerSecond: z.number(),
    packets: z.int(),
    lost: z.int(),
    rttMs: z.number(),
  }),
  outgoing: z.object({
    packets: z.int(),
    octets: z.int(),
    fractionLost: z.number(),
    rttMs: z.number(),
    estimate: z.number().nullable(),
    wanted: z.number(),
    queueMs: z.number(),
  }),
});
export type TransportSummary = z.infer<typeof TransportSummary>;

const SocketAddress = z.object({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(0).max(0xffff),
});

/** How one end of a pipe is reached. */
export const PipeEnd = z.object({
  address: z.union([z.ipv4(), z.ipv6()]),
  /** The same from this machine alone. */
  loopback: z.enum(['127.0.0.1', '::1']).optional(),
  port: z.int().min(1).max(0xffff),
  pipeId: z.int().min(0).max(0xffffffff),
  /** X25519, base64url. */
  publicKey: z.string().max(64),
});
export type PipeEnd = z.infer<typeof PipeEnd>;

/** Where and as whom a worker receives media. */
export const WorkerSettings = z.object({
  port: z.int().min(1).max(0xffff),
  bindAddress: z.string(),
  /** The addresses told to peers, best first. */
  announcedAddresses: z.array(z.string()).min(1).max(16),
  /** The port told to peers, where an address translation in front has another one. */
  announcedPort: z.int().min(1).max(0xffff).optional(),
  /** Peers may come by TCP too, at the port of the same number. */
  tcp: z.boolean().optional(),
  /** A UDP port of its own for what comes from TURN servers; 0 takes a free one. */
  relayPort: z.int().min(0).max(0xffff).optional(),
  /** UDP for pipes to other call servers; as for peers, on a free port, when left out. Port 0 takes a free one. */
  pipes: z
    .object({
      bindAddress: z.string(),
      announcedAddress: z.string(),
      port: z.int().min(0).max(0xffff),
    })
    .optional(),
});
export type WorkerSettings = z.infer<typeof WorkerSettings>;

export const REQUESTS = {
  /** The first request, once. */
  configure: { input: WorkerSettings, output: nothing },
  /** `topSpeakers`: of how many voices the sound is passed on; 0 or left out, of all. */
  createRouter: {
    input: z.object({
      routerId: id,
      topSpeakers: z.int().min(0).max(MAX_TOP_SPEAKERS).optional(),
    }),
    output: nothing,
  },
  closeRouter: { input: z.object({ routerId: id }), output: nothing },
  createWebRtcTransport: {
    input: z.object({
      routerId: id,
      transportId: id,
      remote: RemoteTransport,
      /** Which data channels its peer may open; any, reliable and in order, when left out. */
      dataChannels: DataChannelRules.optional(),
    }),
    output: LocalTransport,
  },
  /**
   * An ICE restart (RFC 8445 2.4) with a new DTLS association: the peer is awaited
   * under these credentials, and goes on with what stands on the transport when it comes; the way of before
   * ends at once.
   */
  restartTransport: {
    input: z.object({ transportId: id, remote: RemoteTransport }),
    output: LocalTransport,
  },
  /** Its packets come and go as frames that carry this handle. */
  createDirectTransport: {
    input: z.object({ routerId: id, transportId: id }),
    output: z.object({ handle: z.int() }),
  },
  /** One end of a pipe to another call server; it carries nothing before it is connected. */
  createPipeTransport: {
    input: z.object({ routerId: id, transportId: id }),
    output: PipeEnd,
  },
  /** Without a secret that only the owners of both ends know, both must be on one machine. */
  connectPipeTransport: {
    input: z.object({ transportId: id, remote: PipeEnd, secret: z.string().min(16).optional() }),
    output: nothing,
  },
  /**
   * Unencrypted RTP and RTCP on a port of its own, for ffmpeg and the like: to
   * `remote`, or to whoever sends first. Port 0 takes a free one.
   */
  createPlainTransport: {
    input: z.object({
      routerId: id,
      transportId: id,
      bind: SocketAddress.default({ address: '127.0.0.1', port: 0 }),
      remote: SocketAddress.optional(),
    }),
    output: SocketAddress,
  },
  closeTransport: { input: z.object({ transportId: id }), output: nothing },
  produce: {
    input: z.object({ transportId: id, producerId: id, parameters: ProducerParameters }),
    output: nothing,
  },
  closeProducer: { input: z.object({ producerId: id }), output: nothing },
  pauseProducer: { input: z.object({ producerId: id, paused: z.boolean() }), output: nothing },
  /** `routerId`: of the producer, where that is another one than the transport's. */
  consume: {
    input: z.object({
      transportId: id,
      consumerId: id,
      producerId: id,
      routerId: id.optional(),
      parameters: ConsumerParameters,
    }),
    output: nothing,
  },
  /**
   * Another producer, of the same kind and codec, takes the place of a consumer's: from
   * its next key frame on, with numbers and time that go on. `routerId`: of the producer.
   */
  switchConsumer: {
    input: z.object({ consumerId: id, producerId: id, routerId: id }),
    output: nothing,
  },
  /** At most these ranks of simulcast stream and temporal layer; 0 is the lowest. */
  preferLayers: {
    input: z.object({ consumerId: id, maxRank: rank, maxTemporal: rank }),
    output: nothing,
  },
  /**
   * How large a consumer's picture is shown, in pixels (0 × 0: hidden for now; left
   * out: as large as it comes), and its share next to others of its transport.
   */
  wantConsumer: {
    input: z.object({
      consumerId: id,
      priority: z.int().min(1).max(MAX_PRIORITY),
      width: pixels.optional(),
      height: pixels.optional(),
    }),
    output: nothing,
  },
  pauseConsumer: { input: z.object({ consumerId: id, paused: z.boolean() }), output: nothing },
  requestKeyFrame: { input: z.object({ consumerId: id }), output: nothing },
  closeConsumer: { input: z.object({ consumerId: id }), output: nothing },
  ...DATA_REQUESTS,
  workerStats: { input: nothing, output: WorkerStats },
  routerSummary: { input: z.object({ routerId: id }), output: z.array(TransportSummary) },
  transportStats: { input: z.object({ transportId: id }), output: TransportStats },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>;

export type RequestName = keyof typeof REQUESTS;
/** As it is asked for; what has a default may be left out. */
export type RequestInput<Name extends RequestName> = z.input<(typeof REQUESTS)[Name]['input']>;
export type RequestOutput<Name extends RequestName> = z.infer<(typeof REQUESTS)[Name]['output']>;

export const isRequestName = (name: string): name is RequestName => Object.hasOwn(REQUESTS, name);

export const Notice = z.discriminatedUnion('notice', [
  z.object({ notice: z.literal('transportConnected'), transportId: id }),
  /** By the peer, or because nothing was heard of it. */
  z.object({
    notice: z.literal('transportClosed'),
    transportId: id,
    reason: z.enum(['closed', 'silent']),
  }),
  z.object({ notice: z.literal('consumerClosed'), consumerId: id }),
  z.object({ notice: z.literal('layerChanged'), consumerId: id, rank: z.int() }),
  /**
   * Who speaks, the loudest first, and who has the floor (`dominant`). On change only,
   * at most every 100 ms. Levels in dBov, in steps of 5.
   */
  z.object({
    notice: z.literal('speakersChanged'),
    routerId: id,
    speakers: z.array(
      z.object({ producerId: id, level: z.number().min(-130).max(0), dominant: z.boolean() }),
    ),
  }),
  ...DATA_NOTICES,
  /** Something failed that should not; the worker goes on. */
  z.object({ notice: z.literal('fault'), message: z.string() }),
]);
export type Notice = z.infer<typeof Notice>;

export const ControlRequest = z.object({
  request: z.int(),
  name: z.string().max(64),
  input: z.unknown(),
});

export const ControlAnswer = z.union([
  z.object({ answer: z.int(), output: z.unknown() }),
  z.object({ answer: z.int(), error: z.object({ code: z.string(), message: z.string() }) }),
]);
