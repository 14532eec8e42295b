import { createLogger } from '#platform';
import { EmbeddedDatabase } from '#platform/sql';
import type { RoleContext } from '../context.ts';
import type { RunningRole } from './common.ts';

/** The embedded PostgreSQL; the only process that opens its folder. */
export async function database(context: RoleContext): Promise<RunningRole> {
  const log = createLogger({ level: context.config.logLevel, role: 'database' });
  if (context.embedded === undefined) throw new Error('no embedded database is configured');
  return EmbeddedDatabase.open({ ...context.embedded, log });
}
