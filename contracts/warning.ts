import { z } from 'zod';

/** Something is wrong on the server's side; an encoder's own trouble is in its health's advice. */
export const warningSchema = z
  .object({ code: z.string(), level: z.enum(['info', 'warn']), text: z.string() })
  .meta({ id: 'Warning' });
export type Warning = z.infer<typeof warningSchema>;
