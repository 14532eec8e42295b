import { z } from 'zod';
import { userIdSchema } from './people.ts';
import { textSchema } from './text.ts';

/** Messages between two contacts, outside rooms; they go over the socket of calls and presence. */

export const directTextSchema = textSchema.min(1).max(4_000);
export const directMessageIdSchema = z.string().regex(/^[0-9a-hjkmnp-tv-z]{16}$/);

export const directMessageSchema = z.object({
  messageId: directMessageIdSchema,
  from: userIdSchema,
  to: userIdSchema,
  /** Plain text. */
  message: z.string(),
  /** Milliseconds since the epoch; grows from message to message of one sender. */
  timestamp: z.number(),
});
export type DirectMessage = z.infer<typeof directMessageSchema>;
