import { z } from 'zod';
import { renditionViewSchema } from './api.ts';
import { eventIdSchema, sourceIdSchema } from './ids.ts';

/** Calls between the nodes of one cluster: HTTP with a node token, never public. */

/** So many characters of a stream key's hash tie a token to that key. */
export const KEY_MARK_CHARACTERS = 16;

/** What a publisher shows, as it goes from node to node. */
export const publishCredentialSchema = z.union([
  /** SHA-256 of the stream key, hex: the key itself goes no further than where it came in. */
  z.strictObject({ keyHash: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Of a publish token, which was found genuine: worth something while the source has the key that it was made under. */
  z.strictObject({ grantedTo: sourceIdSchema, keyMark: z.string().regex(/^[0-9a-f]{16}$/) }),
]);
export type PublishCredential = z.infer<typeof publishCredentialSchema>;

/** `POST /internal/publish` on an API node: may this publisher publish, and what for? */
export const publishRequestSchema = z.strictObject({
  credential: publishCredentialSchema,
  remoteAddress: z.string().max(64),
  /** What the publisher says it publishes to, where its protocol says that. */
  eventId: eventIdSchema.optional(),
  sourceId: sourceIdSchema.optional(),
});
export type PublishRequest = z.infer<typeof publishRequestSchema>;

/** What an ingest node must know of an event to put it on air. */
export const eventSpecSchema = z.object({
  eventId: eventIdSchema,
  title: z.string(),
  visibility: z.enum(['public', 'unlisted', 'private']),
  latency: z.enum(['ultra', 'low', 'standard']),
  dvrSeconds: z.number(),
  /** Names of the rungs to make; all of the configured ladder when undefined. */
  ladder: z.array(z.string()).optional(),
  /** In the order in which the program falls back to them. */
  sourceIds: z.array(sourceIdSchema),
});
export type EventSpec = z.infer<typeof eventSpecSchema>;

export const publishGrantSchema = z.object({ sourceId: sourceIdSchema, event: eventSpecSchema });
export type PublishGrant = z.infer<typeof publishGrantSchema>;

/** `POST /control/{eventId}` on the ingest node that holds the event. */
export const ingestCommandSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('take'), sourceId: sourceIdSchema }),
  /** Ends the session of a source whose key was rotated or which was removed. */
  z.strictObject({ type: z.literal('drop-source'), sourceId: sourceIdSchema }),
  z.strictObject({ type: z.literal('end') }),
  /** The host opens an event again that was ended. */
  z.strictObject({ type: z.literal('reopen') }),
  z.strictObject({ type: z.literal('update'), event: eventSpecSchema }),
]);
export type IngestCommand = z.infer<typeof ingestCommandSchema>;

/** `GET /state/{eventId}` on the origin. */
export const originStateSchema = z.object({
  viewers: z.number(),
  renditions: z.array(renditionViewSchema),
  /** Names of renditions that were given up because transcoding did not keep up. */
  withdrawn: z.array(z.string()),
  /** What is wrong with the disk, if anything. */
  diskTrouble: z.string().optional(),
});
export type OriginState = z.infer<typeof originStateSchema>;

/** A running process as the others find it. Kept in Redis under `nodeKey` with a time to live. */
export const nodeRecordSchema = z.object({
  nodeId: z.string(),
  role: z.string(),
  /** Base of its internal HTTP address, without a trailing slash. */
  url: z.url(),
  startedAt: z.number(),
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;

export const nodeKey = (role: string, nodeId: string): string => `amphi:node:${role}:${nodeId}`;
export const NODE_TTL_SECONDS = 5;
