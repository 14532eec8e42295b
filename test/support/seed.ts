import { cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

/**
 * Gives a new data folder an embedded database that has been set up already:
 * setting one up takes seconds and most of a gigabyte, and every instance of
 * the tests would do it again. It is empty; Amphi still migrates it.
 */
export async function seedDatabase(dataDir: string): Promise<void> {
  const seed = await theSeed();
  await cp(seed, join(dataDir, 'postgres'), { recursive: true });
}

async function theSeed(): Promise<string> {
  const manifest = join(
    dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')),
    '..',
    'package.json',
  );
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const seed = join(tmpdir(), `amphi-test-seed-${version}`);
  if (await stat(seed).catch(() => undefined)) return seed;
  const made = await mkdtemp(join(tmpdir(), 'amphi-test-seeding-'));
  const db = await PGlite.create(join(made, 'postgres'));
  await db.close();
  // Whoever is first wins; another that was made meanwhile is just as good.
  await rename(join(made, 'postgres'), seed).catch(() => {});
  await rm(made, { recursive: true, force: true });
  return seed;
}
