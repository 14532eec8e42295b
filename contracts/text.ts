import { z } from 'zod';

/** Text that people type. PostgreSQL cannot store a NUL. */
export const textSchema = z
  .string()
  .trim()
  .regex(/^[^\0]*$/, 'must not contain a NUL character');
