import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Closable, Logger } from '#base';
import type { WorkerSettings } from '../control/messages.ts';
import { WorkerClient } from './worker-client.ts';

const ENTRY = fileURLToPath(new URL('../worker/main.js', import.meta.url));
const CONTROL_DESCRIPTOR = 3;
/** The process starts before it answers, however busy its machine is. */
const START_MS = 30_000;
const STOP_MS = 2_000;

export interface WorkerOptions {
  settings: WorkerSettings;
  logger: Logger;
  /** The built entry file, when this module runs from its source. */
  entry?: string;
  /** What starts it, before the program: `taskset`, `ip netns exec`. */
  launcher?: readonly string[];
}

/** A worker process, as its owner sees it. One run: who wants another one starts it. */
export class WorkerProcess extends WorkerClient implements Closable {
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #stream: Duplex;

  private constructor(process: ChildProcess, logger: Logger) {
    const stream = process.stdio[CONTROL_DESCRIPTOR] as Duplex;
    super(stream, logger);
    this.#process = process;
    this.#stream = stream;
    // One that broke the protocol is of no use, nor is one that nobody can speak to.
    this.on('closed', () => this.#insist());
    this.exited = new Promise((resolve) => {
      process.once('error', (error) => {
        this.end(error.message);
        resolve();
      });
      process.once('exit', (code, signal) => {
        this.end(`worker ended (${signal ?? code})`);
        resolve();
      });
    });
  }

  /** Starts a worker and gives it its port. Rejects when it does not come up. */
  static async start(options: WorkerOptions): Promise<WorkerProcess> {
    const [command = '', ...args] = [
      ...(options.launcher ?? []),
      process.execPath,
      options.entry ?? ENTRY,
    ];
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    const worker = new WorkerProcess(child, options.logger);
    try {
      await worker.request('configure', options.settings, START_MS);
    } catch (error) {
      await worker.close();
      throw error;
    }
    options.logger.info({ pid: child.pid, port: options.settings.port }, 'call-server worker up');
    return worker;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** It ends when its control stream does; one that hangs is killed. */
  #insist(): void {
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    this.exited.then(() => clearTimeout(insist));
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    this.#insist();
    await this.exited;
  }
}
