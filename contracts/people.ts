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

/** Where somebody's picture is: an address nobody guesses, another one for each picture. */
export const pictureSchema = z.string().max(200).optional();
export const picturePath = (pictureId: string): string => `/api/pictures/${pictureId}`;
export const pictureIdSchema = z.string().regex(/^[0-9a-hjkmnp-tv-z]{24}$/);
/** So large a picture may be, as a file. */
export const MAX_PICTURE_BYTES = 128 * 1024;
export const putPictureSchema = z.strictObject({
  image: z
    .base64()
    .min(1)
    .max(Math.ceil(MAX_PICTURE_BYTES / 3) * 4)
    .describe('A square WebP, JPEG or PNG of 32 to 512 pixels a side, in Base64'),
});

export const userViewSchema = z
  .object({
    userId: userIdSchema,
    email: z.string(),
    displayName: z.string(),
    picture: pictureSchema.describe('Where the picture is; absent without one'),
  })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof userViewSchema>;

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
    userId: userIdSchema.describe(
      'Of whom one has asked only: what stands for it until they accept',
    ),
    displayName: z.string().describe('Of whom one has asked only: their address'),
    picture: pictureSchema,
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
