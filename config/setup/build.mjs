import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of which a newer file makes the pages stale. */
const PAGE_SOURCES = ['player', 'base', 'contracts', 'protocol'];

/** Compiles the servers and bundles the pages. Ends the process when that fails. */
export function buildAll(root) {
  compile(root);
  bundle(root);
}

/**
 * The same, leaving out the pages when they are up to date; the compiler knows by
 * itself what is. `project`: this folder and what it stands on, nothing else.
 */
export function buildStale(root, project = '.') {
  compile(root, project);
  if (pagesAreStale(root)) bundle(root);
}

function compile(root, project = '.') {
  run(root, join('node_modules', '.bin', 'tsc'), '-b', project);
}

function bundle(root) {
  process.stderr.write('Building the pages …\n');
  run(
    root,
    join('node_modules', '.bin', 'vite'),
    'build',
    '--config',
    join('player', 'vite.config.ts'),
    '--logLevel',
    'warn',
  );
}

function run(root, command, ...args) {
  const { status, error } = spawnSync(join(root, command), args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  process.stderr.write(`${command} failed${error ? `: ${error.message}` : ''}\n`);
  process.exit(status ?? 1);
}

function pagesAreStale(root) {
  const built = join(root, 'dist', 'player', 'index.html');
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  return [
    ...PAGE_SOURCES.map((folder) => join(root, folder)),
    join(root, 'package-lock.json'),
  ].some((path) => newerThan(path, since));
}

function newerThan(path, since) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs > since;
  return readdirSync(path).some((name) => newerThan(join(path, name), since));
}
