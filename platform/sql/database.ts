import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm/sql';
import type { Closable } from '#base';
import { EmbeddedClient } from './embedded-client.ts';
import { MIGRATIONS } from './migrations.ts';
import * as schema from './schema.ts';

export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface Database extends Closable {
  db: Db;
}

/** `postgres://…`, or `unix:/path` of the embedded database's process. */
export async function openDatabase(address: string): Promise<Database> {
  // Loaded when needed: most processes never open a database.
  if (address.startsWith('unix:')) {
    const { drizzle } = await import('drizzle-orm/pglite');
    const client = new EmbeddedClient(address.slice('unix:'.length));
    const db = drizzle({ client: client as never, schema }) as unknown as Db;
    return { db, close: () => client.close() };
  }
  const [{ drizzle }, { default: pg }] = await Promise.all([
    import('drizzle-orm/node-postgres'),
    import('pg'),
  ]);
  const pool = new pg.Pool({ connectionString: address, max: 10, connectionTimeoutMillis: 5_000 });
  // A lost idle connection is replaced at the next query.
  pool.on('error', () => {});
  return { db: drizzle(pool, { schema }) as unknown as Db, close: () => pool.end() };
}

const MIGRATION_LOCK = 7_241_001;

/** Brings the tables up to date. Several nodes may start at once: one migrates, the others wait. */
export async function migrate(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    await tx.execute(
      sql`create table if not exists amphi_migrations (name text primary key, applied_at timestamptz not null default now())`,
    );
    const done = await tx.execute(sql`select name from amphi_migrations`);
    const names = new Set(
      (done as unknown as { rows: { name: string }[] }).rows.map((row) => row.name),
    );
    for (const migration of MIGRATIONS) {
      if (names.has(migration.name)) continue;
      for (const statement of migration.sql.split(';')) {
        if (statement.trim() !== '') await tx.execute(sql.raw(statement));
      }
      await tx.execute(sql`insert into amphi_migrations (name) values (${migration.name})`);
    }
  });
}
