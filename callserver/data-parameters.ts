import { z } from 'zod';

/** The largest message that is passed on; what a peer takes that does not say (RFC 8841 6.1). */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** Of a label, and of a protocol's name. */
export const MAX_LABEL_BYTES = 128;
const MAX_U16 = 0xffff;

const name = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_LABEL_BYTES, `${MAX_LABEL_BYTES} bytes at most`);

/** How a data channel delivers (RFC 8832 5.1). Without a bound of either kind every message arrives. */
export const Reliability = z
  .object({
    ordered: z.boolean(),
    maxRetransmits: z.int().min(0).max(MAX_U16).optional(),
    maxPacketLifeTimeMs: z.int().min(0).max(MAX_U16).optional(),
  })
  .refine(
    ({ maxRetransmits, maxPacketLifeTimeMs }) =>
      maxRetransmits === undefined || maxPacketLifeTimeMs === undefined,
    'a bound on retransmissions or on time, not both',
  );
export type Reliability = z.infer<typeof Reliability>;

/** What a channel is called. */
export const DataChannelName = z.object({ label: name, protocol: name });
export type DataChannelName = z.infer<typeof DataChannelName>;

/** What a data channel is, on both sides of a router. */
export const DataChannelParameters = Reliability.and(DataChannelName);
export type DataChannelParameters = z.infer<typeof DataChannelParameters>;

/**
 * The channels that a peer may open, by label, and how each is passed on. The
 * native library does not tell how a channel that comes in delivers, so the owner
 * says it.
 */
export const DataChannelRules = z.record(name, Reliability);
export type DataChannelRules = Readonly<Record<string, Reliability>>;

/** Text, or bytes: the two kinds of message of RFC 8831 6.6. */
export type DataMessage = string | Uint8Array;

export const sizeOf = (message: DataMessage): number =>
  typeof message === 'string' ? Buffer.byteLength(message) : message.length;

/** Whether each message arrives: then none may be left out silently. */
export const isReliable = ({ maxRetransmits, maxPacketLifeTimeMs }: Reliability): boolean =>
  maxRetransmits === undefined && maxPacketLifeTimeMs === undefined;
