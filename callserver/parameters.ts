import { z } from 'zod';
import { CODEC_NAMES } from './codecs.ts';
import { EXTENSION_ORDER } from './packet/extension-order.ts';

/**
 * What was negotiated about one media stream, in either direction. It crosses
 * the border to the worker, so it is a schema; negotiation makes it from SDP.
 */
const payloadType = z.int().min(0).max(127);
const ssrc = z.int().min(0).max(0xffffffff);
const extensions = z.partialRecord(z.enum(EXTENSION_ORDER), z.int().min(1).max(255));

export const CodecParameters = z.object({
  name: z.enum(CODEC_NAMES),
  /** Format parameters of SDP. */
  parameters: z.record(z.string(), z.string()),
});
export type CodecParameters = z.infer<typeof CodecParameters>;

/** One simulcast stream. Its SSRC is told by the description or learnt from the RID. */
export const EncodingParameters = z.object({
  rid: z.string().max(16).optional(),
  ssrc: ssrc.optional(),
  rtxSsrc: ssrc.optional(),
});
export type EncodingParameters = z.infer<typeof EncodingParameters>;

export const ProducerParameters = z.object({
  kind: z.enum(['audio', 'video']),
  mid: z.string().max(64),
  codec: CodecParameters,
  payloadType,
  rtxPayloadType: payloadType.optional(),
  nack: z.boolean(),
  /**
   * False: the sender answers no request for a key frame. Who joins begins with the
   * last one, out of the cache. True when left out.
   */
  keyFrameRequests: z.boolean().optional(),
  extensions,
  encodings: z.array(EncodingParameters).min(1).max(8),
});
export type ProducerParameters = z.infer<typeof ProducerParameters>;

export const ConsumerParameters = z.object({
  payloadType,
  rtxPayloadType: payloadType.optional(),
  ssrc,
  rtxSsrc: ssrc.optional(),
  nack: z.boolean(),
  /** The receiver tells when packets arrived, by their transport-wide numbers; not, when left out. */
  transportWide: z.boolean().optional(),
  /**
   * Begins with the last key frame out of the cache where that is quicker than to
   * ask for one; timestamps run fast until the receiver has caught up. For whoever
   * watches live; not for who keeps what was taken when.
   */
  fastJoin: z.boolean().optional(),
  /**
   * Of a pipe: this one stream of the producer, by its index, and only while somebody
   * behind the pipe wants it.
   */
  layer: z.int().min(0).max(7).optional(),
  /** Outlives its producer: its owner gives it another one (`switchConsumer`), or closes it. */
  lasting: z.boolean().optional(),
  extensions,
});
export type ConsumerParameters = z.infer<typeof ConsumerParameters>;

/** RFC 8839 5.4. It is written into a description: nothing else may hide in it. */
const iceText = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9+/=_-]+$/);

/** The peer's side of an SCTP association (RFC 8841). */
export const SctpParameters = z.object({
  port: z.int().min(1).max(0xffff),
  /** In bytes; 0 for any. */
  maxMessageSize: z.int().min(0),
});
export type SctpParameters = z.infer<typeof SctpParameters>;

/** The peer's side of a WebRTC transport. */
export const RemoteTransport = z.object({
  usernameFragment: iceText.min(4),
  password: iceText.min(22),
  fingerprint: z.object({
    algorithm: z.string().regex(/^sha-(1|224|256|384|512)$/),
    value: z.string().regex(/^[0-9A-F:]{47,191}$/),
  }),
  /** Data channels are agreed on; none, when left out. */
  sctp: SctpParameters.optional(),
});
export type RemoteTransport = z.infer<typeof RemoteTransport>;

/** Our side, for the answer. */
export const LocalTransport = z.object({
  usernameFragment: z.string(),
  password: z.string(),
  fingerprint: z.object({ algorithm: z.string(), value: z.string() }),
  candidates: z.array(
    z.object({
      foundation: z.string(),
      component: z.int(),
      transport: z.string(),
      priority: z.int(),
      address: z.string(),
      port: z.int(),
      type: z.enum(['host', 'srflx', 'prflx', 'relay']),
      /** Of a TCP candidate (RFC 6544): the peer connects to us. */
      tcpType: z.literal('passive').optional(),
    }),
  ),
});
export type LocalTransport = z.infer<typeof LocalTransport>;
