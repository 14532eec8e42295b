/**
 * The entry of every npm script. On a fresh clone it installs what is missing,
 * builds what is stale, and then does what was asked. Plain JavaScript without
 * dependencies: it runs before anything is there.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildAll, buildStale } from './setup/build.mjs';
import { requireNode } from './setup/node-version.mjs';
import { ensureNodeModules } from './setup/npm.mjs';
import { ensureSystemPackages } from './setup/system.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [task = 'start', ...rest] = process.argv.slice(2);

/** Runs one of the project's own tools and ends with its exit code when that is not 0. */
function tool(name, ...args) {
  const path = fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
  const { status } = spawnSync(path, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Format, rules, floors and cycles; and nothing that nobody uses. */
function checkSources() {
  tool('biome', 'check', '--error-on-warnings', '.');
  tool('knip');
}

/** The command line, in this process, so that signals reach it without a shell in between. */
async function amphi(...args) {
  const { main } = await import('../dist/server/index.js');
  await main(args);
}

const TASKS = {
  async start() {
    ensureSystemPackages('run');
    ensureNodeModules(ROOT);
    // Whoever runs Amphi need not wait for the types of its tests.
    buildStale(ROOT, 'server');
    await amphi('start', ...rest);
  },
  async dev() {
    ensureSystemPackages('run');
    ensureNodeModules(ROOT);
    buildStale(ROOT);
    const { develop } = await import('./setup/dev.mjs');
    await develop(ROOT);
  },
  test() {
    ensureSystemPackages('test');
    ensureNodeModules(ROOT);
    buildStale(ROOT);
    if (rest.length === 0) checkSources();
    tool('vitest', 'run', ...rest);
  },
  check() {
    ensureNodeModules(ROOT);
    buildAll(ROOT);
    checkSources();
  },
  async 'config-docs'() {
    ensureNodeModules(ROOT);
    buildStale(ROOT);
    const { settingsReadme } = await import('../dist/config/index.js');
    writeFileSync(fileURLToPath(new URL('./README.md', import.meta.url)), settingsReadme());
  },
  build() {
    ensureNodeModules(ROOT);
    buildAll(ROOT);
  },
  bench() {
    ensureSystemPackages('bench');
    ensureNodeModules(ROOT);
    buildStale(ROOT);
    const main = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
    const { status } = spawnSync(process.execPath, [main, ...rest], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    process.exit(status ?? 1);
  },
};

requireNode();
const run = TASKS[task];
if (run === undefined) {
  process.stderr.write(`unknown task "${task}"; one of ${Object.keys(TASKS).join(', ')}\n`);
  process.exit(64);
}
await run();
