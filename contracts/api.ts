import { z } from 'zod';
import { fileLimitsSchema } from './files.ts';
import { eventIdSchema, runIdSchema, sourceIdSchema } from './ids.ts';
import { eventStatusSchema, sourceHealthSchema } from './live.ts';
import { textSchema } from './text.ts';
import { warningSchema } from './warning.ts';

/** The public HTTP API: bodies and answers. Unknown fields of a body are refused. */

const title = textSchema.min(1).max(140).describe('What viewers see above the picture');
const sourceName = textSchema.min(1).max(80);
export const visibilitySchema = z
  .enum(['public', 'unlisted', 'private'])
  .describe('Listed for all, for whoever has the link, or for whoever has a token');
export const latencySchema = z
  .enum(['ultra', 'low', 'standard'])
  .describe('What players aim at: under a second, about a second, or a few');
const ladderNames = z
  .array(z.string().min(1).max(16))
  .min(1)
  .max(16)
  .describe('Names of the renditions to make; those of the server’s whole ladder when left out');
const dvrSeconds = z
  .int()
  .min(10)
  .max(7 * 86_400)
  .describe('How far viewers can rewind');

export const createEventSchema = z.strictObject({
  eventId: eventIdSchema.optional().describe('Chosen for you when left out'),
  title,
  visibility: visibilitySchema.default('unlisted'),
  latency: latencySchema.default('low'),
  ladder: ladderNames.optional(),
  dvrSeconds: dvrSeconds.optional(),
  record: z.boolean().default(false).describe('Keep what was sent as a recording'),
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
    status: z
      .enum(['ended', 'idle'])
      .describe('`ended` takes the event off air and refuses publishers; `idle` opens it again'),
  })
  .partial();
export type PatchEvent = z.infer<typeof patchEventSchema>;

export const sourceKindSchema = z.enum(['rtmp', 'whip', 'srt', 'room', 'file', 'pull']);

export const patchSourceSchema = z.strictObject({ name: sourceName });

export const createSourceSchema = z.strictObject({
  name: sourceName,
  kind: sourceKindSchema
    .default('rtmp')
    .describe('`rtmp` or `whip`: this version refuses the others'),
});
export type CreateSource = z.input<typeof createSourceSchema>;

export const newSourceSchema = z
  .object({
    sourceId: sourceIdSchema,
    name: z.string(),
    kind: sourceKindSchema,
    streamKey: z.string().describe('Shown this once, and kept nowhere'),
    rtmpUrl: z.string().optional().describe('Server and key in one address'),
    whipUrl: z
      .string()
      .optional()
      .describe('WHIP endpoint (RFC 9725); the key is its bearer token'),
    srtUrl: z.string().optional().describe('Not given by this version, which takes no SRT'),
  })
  .meta({ id: 'NewSource', description: 'A source with its key, which is shown this once' });
export type NewSource = z.infer<typeof newSourceSchema>;

export const sourceSchema = z
  .object({
    sourceId: sourceIdSchema,
    name: z.string(),
    kind: sourceKindSchema,
    rtmpServer: z
      .string()
      .optional()
      .describe('RTMP server as an encoder wants it; the key is separate'),
    whipUrl: z
      .string()
      .optional()
      .describe('WHIP endpoint (RFC 9725); the key is its bearer token'),
    health: sourceHealthSchema.optional(),
  })
  .meta({ id: 'Source' });
export type SourceView = z.infer<typeof sourceSchema>;

export const publishTokenSchema = z
  .object({
    token: z.string().describe('Bearer token for the WHIP endpoint of this source'),
    whipUrl: z.string(),
    expiresAt: z.number().describe('Milliseconds since the epoch; a session goes on beyond it'),
  })
  .meta({ id: 'PublishToken', description: 'Lets a page publish without the stream key' });
export type PublishToken = z.infer<typeof publishTokenSchema>;

export const renditionViewSchema = z
  .object({
    name: z.string().meta({ examples: ['720p'] }),
    width: z.number().optional(),
    height: z.number().optional(),
    frameRate: z.number().optional(),
    codecs: z.string().describe('RFC 6381'),
    bandwidth: z.number().describe('Measured, bits per second'),
    behindMs: z
      .number()
      .optional()
      .describe(
        'How long ago the newest piece of it was recorded, in milliseconds: what the server adds to the delay',
      ),
  })
  .meta({ id: 'Rendition' });
export type RenditionView = z.infer<typeof renditionViewSchema>;

const eventViewFields = z.object({
  eventId: eventIdSchema,
  title: z.string(),
  visibility: visibilitySchema,
  latency: latencySchema,
  ladder: z.array(z.string()).optional(),
  dvrSeconds: z.number(),
  record: z.boolean(),
  status: eventStatusSchema,
  open: z
    .boolean()
    .describe('Whether encoders may publish to it; false once the host has ended it'),
  viewers: z.number(),
  started: z
    .number()
    .optional()
    .describe('When the present run began, milliseconds since the epoch'),
  createdAt: z.number().describe('Milliseconds since the epoch'),
  onAir: sourceIdSchema.optional().describe('The source on air; absent while the slate shows'),
  sources: z.array(sourceSchema),
  renditions: z.array(renditionViewSchema).describe('Best first'),
  warnings: z
    .array(warningSchema)
    .describe('What is wrong on the server’s side, most urgent first'),
  watchUrl: z.string(),
  studioUrl: z.string(),
});

export const eventViewSchema = eventViewFields.meta({ id: 'Event' });
export type EventView = z.infer<typeof eventViewSchema>;

/**
 * What moves of an event: one message of `GET /api/events/{eventId}/live`. The
 * rest of the event stays as it was until a message of type `changed` comes.
 */
export const eventLiveSchema = eventViewFields
  .pick({
    status: true,
    open: true,
    viewers: true,
    started: true,
    onAir: true,
    renditions: true,
    warnings: true,
  })
  .extend({
    at: z.number().describe('The server’s clock, milliseconds since the epoch'),
    sources: z.array(sourceHealthSchema),
  })
  .meta({ id: 'EventLive' });
export type EventLive = z.infer<typeof eventLiveSchema>;

export const publicEventSchema = z
  .object({
    eventId: eventIdSchema,
    title: z.string(),
    status: z.enum(['live', 'interrupted']),
    viewers: z.number(),
    started: z.number().optional().describe('Milliseconds since the epoch'),
    watchUrl: z.string(),
    poster: z.string().describe('A still picture, made anew every few seconds'),
  })
  .meta({
    id: 'PublicEvent',
    description: 'A public event that is on air now, as anybody may see it',
  });
export type PublicEvent = z.infer<typeof publicEventSchema>;

export const publicListSchema = z.object({ items: z.array(publicEventSchema) });

export const createdEventSchema = z.object({
  eventId: eventIdSchema,
  watchUrl: z.string(),
  studioUrl: z.string(),
  sources: z.array(newSourceSchema),
});
export type CreatedEvent = z.infer<typeof createdEventSchema>;

export const eventListSchema = z.object({
  items: z.array(eventViewSchema),
  cursor: z
    .string()
    .optional()
    .describe('Pass it as `cursor` for the next page; absent on the last'),
});

export const programSchema = z.object({
  /** Scenes with several come later. */
  scene: z.literal('single').describe('One source fills the picture'),
  source: sourceIdSchema.optional().describe('The source on air; absent while the slate shows'),
  audio: z.enum(['follow']),
  status: eventStatusSchema,
});
export type ProgramView = z.infer<typeof programSchema>;

export const putProgramSchema = z.strictObject({
  take: sourceIdSchema.describe('The source to put on air'),
});

export const playSchema = z.object({
  eventId: eventIdSchema,
  title: z.string(),
  status: eventStatusSchema,
  whep: z.string().optional().describe('Of an `ultra` event that is on air'),
  llhls: z.string().optional(),
  hls: z.string().optional(),
  statusUrl: z.string(),
  dvr: z.boolean(),
  dvrSeconds: z.number(),
  latency: latencySchema,
  thumbnails: z.string().optional(),
  poster: z.string().optional(),
  chat: z.string().optional(),
  room: z.string().optional().describe('The room on stage, while its door is open to viewers'),
  token: z.string().optional().describe('For private events: goes with every media request'),
});
export type Play = z.infer<typeof playSchema>;

/** A play token lives between a minute and a year. */
export const createPlayTokenSchema = z.strictObject({
  expiresInSeconds: z
    .int()
    .min(60)
    .max(31_536_000)
    .default(86_400)
    .describe('How long the token opens the event; it cannot be withdrawn before'),
});

export const playTokenSchema = z.object({
  token: z.string(),
  expiresAt: z.number().describe('Milliseconds since the epoch'),
  watchUrl: z.url(),
  embedUrl: z.url(),
  hlsUrl: z.url().describe('The low-latency playlist, for other players'),
});
export type PlayToken = z.infer<typeof playTokenSchema>;

export const sessionSchema = z.strictObject({ token: z.string().min(1).max(200) });

export const serverInfoSchema = z.object({
  name: z.literal('amphi'),
  version: z.string().meta({ examples: ['0.1.0'] }),
  rtmpPort: z.number().meta({ examples: [1935] }),
  rtmpsPort: z
    .number()
    .optional()
    .meta({ examples: [1936] }),
  ladder: z
    .array(
      z.object({
        name: z.string().meta({ examples: ['720p'] }),
        kind: z.enum(['video', 'audio']),
      }),
    )
    .describe('What events choose their renditions from, best first'),
  files: fileLimitsSchema.describe('What people may send each other in rooms'),
});
export type ServerInfo = z.infer<typeof serverInfoSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string().optional(),
  field: z.string().optional().describe('The first field at fault'),
  errors: z
    .array(
      z.object({
        pointer: z.string().optional().describe('JSON Pointer into the body, e.g. `#/title`'),
        parameter: z.string().optional().describe('A parameter of the path or the query'),
        detail: z.string(),
      }),
    )
    .optional()
    .describe('All that is wrong, each with its place'),
});
export type ProblemView = z.infer<typeof problemSchema>;

export const runViewSchema = z.object({
  runId: runIdSchema,
  startedAt: z.number(),
  endedAt: z.number().optional(),
  endReason: z.string().optional(),
});
