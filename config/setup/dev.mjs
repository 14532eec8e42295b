import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';

const SETTLE_MS = 300;

/** Runs everything and starts it again whenever the compiler or the bundler has written something new. */
export async function develop(root) {
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  const helpers = [
    spawn(bin('tsc'), ['-b', '--watch', '--preserveWatchOutput'], { cwd: root, stdio: 'inherit' }),
    spawn(
      bin('vite'),
      ['build', '--watch', '--config', 'player/vite.config.ts', '--logLevel', 'warn'],
      {
        cwd: root,
        stdio: 'inherit',
      },
    ),
  ];
  let server;
  let timer;
  let stopping = false;
  const start = () => {
    server = spawn(process.execPath, [join(root, 'config', 'amphi.mjs'), 'start'], {
      cwd: root,
      stdio: 'inherit',
    });
  };
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (stopping) return;
      server.once('exit', start);
      server.kill('SIGTERM');
    }, SETTLE_MS);
  };
  start();
  // The pages are served from disk as they are; only the servers need a new start.
  const watcher = watch(join(root, 'dist'), { recursive: true }, (_event, name) => {
    if (name?.endsWith('.js') && !name.startsWith('player')) restart();
  });
  const stop = () => {
    if (stopping) return;
    stopping = true;
    watcher.close();
    for (const helper of helpers) helper.kill('SIGTERM');
    server.once('exit', (code) => process.exit(code ?? 0));
    server.kill('SIGTERM');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await new Promise(() => {});
}
