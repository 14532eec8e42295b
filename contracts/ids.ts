import { z } from 'zod';

/** Ids that stand in URLs. `main` is the event of the first run. */
export const eventIdSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'must be 1 to 64 of a-z, 0-9 and inner hyphens')
  .describe('1 to 64 of a-z, 0-9 and inner hyphens');
export const sourceIdSchema = eventIdSchema.describe('1 to 64 of a-z, 0-9 and inner hyphens');
export const renditionIdSchema = z
  .string()
  .regex(/^[a-z0-9]{1,16}$/, 'must be 1 to 16 lower-case letters or digits');
/** One uninterrupted life of an event's timeline, from going live to its end. */
export const runIdSchema = z.string().regex(/^[a-z0-9]{8,32}$/);
