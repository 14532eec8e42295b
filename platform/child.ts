import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { asError } from '#base';

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the process could not be started at all. */
  error?: Error;
}

/** A child process whose end is a promise, and which goes when it is told to. */
export interface Child {
  process: ChildProcess;
  exited: Promise<ChildExit>;
  /** Asks with `signal`, insists with SIGKILL after `graceMs`; resolves when it is gone. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<ChildExit>;
}

export function startChild(command: string, args: readonly string[], options: SpawnOptions): Child {
  const child = spawn(command, args, options);
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error: asError(error) }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const isGone = () =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    process: child,
    exited,
    async stop(signal = 'SIGTERM', graceMs = 3_000) {
      if (!isGone()) {
        child.kill(signal);
        const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
        await exited;
        clearTimeout(force);
      }
      return exited;
    },
  };
}

/** What a child said last on its error output: as many characters at most, without blanks around them. */
export function lastWords(stderr: Readable | null, most = 2_000): () => string {
  let words = '';
  stderr?.on('data', (text: Buffer) => {
    words = (words + text.toString()).slice(-most);
  });
  return () => words.trim();
}
