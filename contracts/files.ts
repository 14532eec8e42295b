import { z } from 'zod';

/** Files in the chat of a meeting: `/api/meetings/{meetingId}/files`, and what a message says of one. */

export const fileIdSchema = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{16}$/, 'must be 16 characters of lower-case Crockford base 32')
  .describe('Unguessable');

/** Pictures that a page may show; told by their bytes, never by their names. */
export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

export const chatFileSchema = z
  .object({
    fileId: fileIdSchema,
    name: z.string().describe('Made safe: no folders, no control characters'),
    size: z.number().describe('Bytes'),
    picture: z
      .object({ type: z.enum(PICTURE_TYPES), width: z.number(), height: z.number() })
      .optional()
      .describe('Of a picture that a page may show, its size in pixels'),
  })
  .meta({ id: 'ChatFile' });
export type ChatFile = z.infer<typeof chatFileSchema>;

/** What may be sent. */
export const fileLimitsSchema = z.object({
  maxBytes: z.number().meta({ examples: [26_214_400] }),
  endings: z.array(z.string()).describe('What a name may end in, in lower case'),
});
export type FileLimits = z.infer<typeof fileLimitsSchema>;
