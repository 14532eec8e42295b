import { spawn } from 'node:child_process';

export interface Started {
  pid: number;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  stop(): void;
}

/** Runs a script of ours in a process pinned to a core; resolves when it says that it is ready. */
export function startChild(
  script: string,
  args: readonly string[],
  core: number,
): Promise<Started> {
  const child = spawn('taskset', ['-c', String(core), process.execPath, script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
    child.once('message', () =>
      resolve({
        pid: child.pid ?? 0,
        send: (message) => child.send(message as never),
        onMessage: (listener) => child.on('message', listener),
        stop: () => child.kill('SIGTERM'),
      }),
    );
  });
}
