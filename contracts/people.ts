import { z } from 'zod';
import { displayNameSchema } from './meeting.ts';

/** Accounts and contacts: bodies and answers of `/api/users`, `/api/sessions` and `/api/contacts`. */

export const userIdSchema = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{16}$/, 'must be 16 characters of lower-case Crockford base 32');

const email = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase());
/** Length is what counts (NIST SP 800-63B 5.1.1). */
const password = z.string().min(8).max(200);

export const createUserSchema = z.strictObject({ email, password, displayName: displayNameSchema });
export const patchUserSchema = z
  .strictObject({ displayName: displayNameSchema, password, currentPassword: z.string().max(200) })
  .partial();
export const signInSchema = z.strictObject({ email, password: z.string().min(1).max(200) });

export const userViewSchema = z
  .object({ userId: userIdSchema, email: z.string(), displayName: z.string() })
  .meta({ id: 'User' });

export const presenceSchema = z.enum(['online', 'in-call', 'offline']);
export type Presence = z.infer<typeof presenceSchema>;

/**
 * `requested`: asked for by oneself; `asked`: by the other, to be accepted or
 * removed; `accepted`; `blocked`: by oneself.
 */
export const contactStateSchema = z.enum(['requested', 'asked', 'accepted', 'blocked']);
export type ContactState = z.infer<typeof contactStateSchema>;

export const contactSchema = z
  .object({
    userId: userIdSchema,
    displayName: z.string(),
    state: contactStateSchema,
    presence: presenceSchema.optional().describe('Of accepted contacts'),
  })
  .meta({ id: 'Contact' });
export type Contact = z.infer<typeof contactSchema>;

export const contactListSchema = z.object({ items: z.array(contactSchema) });
export const addContactSchema = z.strictObject({ email });
export const changeContactSchema = z.strictObject({
  state: z
    .enum(['accepted', 'blocked'])
    .describe('Accepts what the other asked for; or blocks the other'),
});

export const userSocketSchema = z.object({
  webSocketUrl: z.string().describe('With the token in it, for calls and presence'),
  token: z.string(),
});
