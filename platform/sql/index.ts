/** The SQL side of the platform has a door of its own: most processes never open a database, and it is slow to load. */
export { type Database, type Db, migrate, openDatabase } from './database.ts';
export { EmbeddedDatabase } from './embedded-server.ts';
export * as tables from './schema.ts';
