import { z } from 'zod';
import { eventIdSchema, runIdSchema, sourceIdSchema } from './ids.ts';
import { eventStatusSchema, sourceHealthSchema } from './live.ts';

/** The public HTTP API: bodies and answers. Unknown fields of a body are refused. */

const title = z.string().trim().min(1).max(140);
export const visibilitySchema = z.enum(['public', 'unlisted', 'private']);
export const latencySchema = z.enum(['ultra', 'low', 'standard']);
const ladderNames = z.array(z.string().min(1).max(16)).min(1).max(16);
const dvrSeconds = z
  .int()
  .min(10)
  .max(7 * 86_400);

export const createEventSchema = z.strictObject({
  /** Chosen for the caller when left out. */
  eventId: eventIdSchema.optional(),
  title,
  visibility: visibilitySchema.default('unlisted'),
  latency: latencySchema.default('low'),
  ladder: ladderNames.optional(),
  dvrSeconds: dvrSeconds.optional(),
  record: z.boolean().default(false),
});
export type CreateEvent = z.input<typeof createEventSchema>;

export const patchEventSchema = z
  .strictObject({
    title,
    visibility: visibilitySchema,
    latency: latencySchema,
    ladder: ladderNames.nullable(),
    dvrSeconds,
    record: z.boolean(),
    /** `ended` takes the event off air and refuses publishers; `idle` opens it again. */
    status: z.enum(['ended', 'idle']),
  })
  .partial();
export type PatchEvent = z.infer<typeof patchEventSchema>;

export const sourceKindSchema = z.enum(['rtmp', 'whip', 'srt', 'room', 'file', 'pull']);

export const createSourceSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  kind: sourceKindSchema.default('rtmp'),
});
export type CreateSource = z.input<typeof createSourceSchema>;

/** A source with its key, which is shown this once. */
export const newSourceSchema = z.object({
  sourceId: sourceIdSchema,
  name: z.string(),
  kind: sourceKindSchema,
  streamKey: z.string(),
  rtmpUrl: z.string().optional(),
  whipUrl: z.string().optional(),
  srtUrl: z.string().optional(),
});
export type NewSource = z.infer<typeof newSourceSchema>;

export const sourceSchema = z.object({
  sourceId: sourceIdSchema,
  name: z.string(),
  kind: sourceKindSchema,
  /** RTMP server as an encoder wants it; the key is separate. */
  rtmpServer: z.string().optional(),
  health: sourceHealthSchema.optional(),
});
export type SourceView = z.infer<typeof sourceSchema>;

export const renditionViewSchema = z.object({
  name: z.string(),
  width: z.number().optional(),
  height: z.number().optional(),
  frameRate: z.number().optional(),
  codecs: z.string(),
  bandwidth: z.number(),
});

export type RenditionView = z.infer<typeof renditionViewSchema>;

export const eventViewSchema = z.object({
  eventId: eventIdSchema,
  title: z.string(),
  visibility: visibilitySchema,
  latency: latencySchema,
  ladder: z.array(z.string()).optional(),
  dvrSeconds: z.number(),
  record: z.boolean(),
  status: eventStatusSchema,
  viewers: z.number(),
  /** Milliseconds since the epoch; when the present run began. */
  started: z.number().optional(),
  createdAt: z.number(),
  onAir: sourceIdSchema.optional(),
  sources: z.array(sourceSchema),
  renditions: z.array(renditionViewSchema),
  watchUrl: z.string(),
  studioUrl: z.string(),
});
export type EventView = z.infer<typeof eventViewSchema>;

export const createdEventSchema = z.object({
  eventId: eventIdSchema,
  watchUrl: z.string(),
  studioUrl: z.string(),
  sources: z.array(newSourceSchema),
});
export type CreatedEvent = z.infer<typeof createdEventSchema>;

export const eventListSchema = z.object({
  items: z.array(eventViewSchema),
  /** Pass it as `cursor` for the next page; absent on the last. */
  cursor: z.string().optional(),
});

export const programSchema = z.object({
  /** `single`: one source fills the picture. Scenes with several come later. */
  scene: z.literal('single'),
  /** The source on air; absent while the slate shows. */
  source: sourceIdSchema.optional(),
  audio: z.enum(['follow']),
  status: eventStatusSchema,
});
export type ProgramView = z.infer<typeof programSchema>;

export const putProgramSchema = z.strictObject({ take: sourceIdSchema });

export const playSchema = z.object({
  eventId: eventIdSchema,
  title: z.string(),
  status: eventStatusSchema,
  whep: z.string().optional(),
  llhls: z.string().optional(),
  hls: z.string().optional(),
  statusUrl: z.string(),
  dvr: z.boolean(),
  dvrSeconds: z.number(),
  latency: latencySchema,
  thumbnails: z.string().optional(),
  poster: z.string().optional(),
  chat: z.string().optional(),
  /** For private events: goes with every media request. */
  token: z.string().optional(),
});
export type Play = z.infer<typeof playSchema>;

export const sessionSchema = z.strictObject({ token: z.string().min(1).max(200) });

export const serverInfoSchema = z.object({
  name: z.literal('amphi'),
  version: z.string(),
  rtmpPort: z.number(),
  rtmpsPort: z.number().optional(),
  /** The ladder that events choose from, best first. */
  ladder: z.array(z.object({ name: z.string(), kind: z.enum(['video', 'audio']) })),
});
export type ServerInfo = z.infer<typeof serverInfoSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string().optional(),
  field: z.string().optional(),
});
export type ProblemView = z.infer<typeof problemSchema>;

export const runViewSchema = z.object({
  runId: runIdSchema,
  startedAt: z.number(),
  endedAt: z.number().optional(),
  endReason: z.string().optional(),
});
