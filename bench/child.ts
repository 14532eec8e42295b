import { spawn } from 'node:child_process';

export interface Started {
  pid: number;
  /** The first message, which said that it was ready. */
  readonly greeting: unknown;
  readonly exited: Promise<void>;
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  stop(): void;
}

/**
 * Runs a script of ours in a process pinned to a core, in a network namespace
 * when one is named; resolves when it says that it is ready.
 */
export function startChild(
  script: string,
  args: readonly string[],
  core: number,
  namespace?: string,
): Promise<Started> {
  const pinned = ['taskset', '-c', String(core), process.execPath, script, ...args];
  const [command = '', ...rest] =
    namespace === undefined ? pinned : ['ip', 'netns', 'exec', namespace, ...pinned];
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
    child.once('message', (greeting) =>
      resolve({
        pid: child.pid ?? 0,
        greeting,
        exited,
        send: (message) => child.send(message as never),
        onMessage: (listener) => child.on('message', listener),
        stop: () => child.kill('SIGTERM'),
      }),
    );
  });
}
