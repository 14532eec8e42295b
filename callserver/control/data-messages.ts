import { z } from 'zod';
import { DataChannelName, DataChannelParameters } from '../data-parameters.ts';

/** The part of the control protocol that is about data channels. */
const id = z.string().min(1).max(64);
const nothing = z.object({});
const count = z.int().min(0);

/** Of a transport. Counts are since it began, of channels that are open; octets are of messages alone. */
export const DataStats = z.object({
  /** Channels of the peer that were not to be, or one too many. */
  refused: count,
  producers: z.array(
    z.object({
      dataProducerId: id,
      label: z.string(),
      messages: count,
      octets: count,
      /** Too large, or beyond the rate. */
      dropped: count,
    }),
  ),
  consumers: z.array(
    z.object({
      dataConsumerId: id,
      dataProducerId: id,
      messages: count,
      octets: count,
      /** The receiver was too slow for them. */
      dropped: count,
      /** What waits in front of SCTP. */
      bufferedBytes: count,
    }),
  ),
});
export type DataStats = z.infer<typeof DataStats>;

export const DATA_REQUESTS = {
  /**
   * A producer on a direct transport; its messages come as frames that carry the
   * handle. Those of a WebRTC transport are the peer's to open.
   */
  produceData: {
    input: z.object({
      transportId: id,
      dataProducerId: id,
      parameters: DataChannelParameters,
    }),
    output: z.object({ handle: z.int() }),
  },
  closeDataProducer: { input: z.object({ dataProducerId: id }), output: nothing },
  /**
   * Opens a channel towards a peer, as reliable as the producer is; what was sent
   * before the peer has agreed to it does not come. On a direct transport messages
   * go out as frames that carry the handle.
   */
  consumeData: {
    input: z.object({
      transportId: id,
      dataConsumerId: id,
      dataProducerId: id,
      /** What the receiver sees; as the producer is called, when left out. */
      name: DataChannelName.optional(),
    }),
    output: z.object({ handle: z.int().optional() }),
  },
  closeDataConsumer: { input: z.object({ dataConsumerId: id }), output: nothing },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>;

export const DATA_NOTICES = [
  /** A peer has opened a channel. */
  z.object({
    notice: z.literal('dataProducerOpened'),
    routerId: id,
    transportId: id,
    dataProducerId: id,
    parameters: DataChannelParameters,
  }),
  /**
   * By its owner, its peer, with its transport or the restart of it; because it sent a
   * message that is too large, or too many, and may not lose any.
   */
  z.object({
    notice: z.literal('dataProducerClosed'),
    routerId: id,
    dataProducerId: id,
    reason: z.enum(['owner', 'peer', 'transport', 'restart', 'message_size', 'flood']),
  }),
  /** Its producer has gone, its peer has closed it, it may lose no message and the peer is too slow, or with a restart. */
  z.object({
    notice: z.literal('dataConsumerClosed'),
    routerId: id,
    transportId: id,
    dataConsumerId: id,
    reason: z.enum(['producer', 'peer', 'overflow', 'restart']),
  }),
] as const;
