import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs the npm packages of the lock file, unless that very lock file is installed already. */
export function ensureNodeModules(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(process.version).digest('hex');
  const stamp = join(root, 'node_modules', '.amphi-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing npm packages …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    // Development tools build the pages, so they are needed in production too.
    env: { ...process.env, NODE_ENV: 'development' },
  });
  if (status !== 0) {
    process.stderr.write('npm could not install the packages; the reason is above.\n');
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, wanted);
}
