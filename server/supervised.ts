import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { AmphiError, Emitter, type Logger, messageOf } from '#base';
import { type Child, startChild } from '#platform';
import { Revival } from './revival.ts';

/** How a supervised process is started; called anew for each life. */
export interface ProcessSpec {
  name: string;
  start: () => Child;
  /** Resolves when this life is ready for use; rejects when it will not be. */
  ready: (child: Child) => Promise<void>;
  /** Asks it to go in good order. */
  stop: (child: Child) => Promise<unknown>;
}

type SupervisedEvents = {
  died: [name: string];
  up: [name: string];
};

/** Keeps one process alive. */
export class SupervisedProcess extends Emitter<SupervisedEvents> {
  readonly spec: ProcessSpec;
  readonly #log: Logger;
  #child: Child | undefined;
  readonly #revival: Revival;

  constructor(spec: ProcessSpec, log: Logger) {
    super();
    this.spec = spec;
    this.#log = log;
    this.#revival = new Revival(
      () => this.#live(),
      (error) =>
        log.error({ process: spec.name, reason: messageOf(error) }, 'process does not start'),
    );
  }

  get pid(): number | undefined {
    return this.#child?.process.pid;
  }

  get restarts(): number {
    return this.#revival.restarts;
  }

  get process(): ChildProcess | undefined {
    return this.#child?.process;
  }

  /** Starts it and keeps it. Rejects when the very first life does not become ready. */
  async start(): Promise<void> {
    await this.#live();
  }

  async stop(): Promise<void> {
    this.#revival.close();
    const child = this.#child;
    if (child !== undefined) await this.spec.stop(child);
  }

  async #live(): Promise<void> {
    const { name } = this.spec;
    const startedAt = performance.now();
    const child = this.spec.start();
    this.#child = child;
    const ended = child.exited.then((exit) => {
      this.#child = undefined;
      return exit;
    });
    const early = ended.then((exit) => {
      throw new AmphiError(
        'unavailable',
        `${name} ended at once (${exit.error?.message ?? exit.signal ?? exit.code})`,
      );
    });
    try {
      await Promise.race([this.spec.ready(child), early]);
    } catch (error) {
      early.catch(() => {});
      await child.stop('SIGKILL');
      throw error;
    }
    early.catch(() => {});
    this.emit('up', name);
    ended.then((exit) => {
      if (this.#revival.over) return;
      const how = exit.signal ?? `code ${exit.code}`;
      this.#log.warn({ process: name, how }, 'process died; starting it again');
      this.emit('died', name);
      this.#revival.after(startedAt);
    });
  }
}

const SETPRIV = '/usr/bin/setpriv';

/** A Unix process of another program. Where the kernel can, it ends with the supervisor even when that is killed outright. */
export function program(options: {
  name: string;
  command: string;
  args: readonly string[];
  ready: () => Promise<void>;
  onOutput: (line: string) => void;
}): ProcessSpec {
  const own = [options.command, ...options.args];
  const bound = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', ...own] : own;
  const [command = options.command, ...args] = bound;
  return {
    name: options.name,
    start: () => {
      const child = startChild(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: Ctrl-C on the terminal is for the supervisor alone.
        detached: true,
      });
      for (const stream of [child.process.stdout, child.process.stderr]) {
        eachLine(stream, options.onOutput);
      }
      return child;
    },
    ready: options.ready,
    stop: (child) => child.stop('SIGTERM', 8_000),
  };
}

export function eachLine(
  stream: NodeJS.ReadableStream | null,
  onLine: (line: string) => void,
): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream?.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
