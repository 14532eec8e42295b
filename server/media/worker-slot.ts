import { type Closable, type Logger, messageOf } from '#base';
import { WorkerProcess, type WorkerSettings } from '#callserver';
import { Revival } from '../revival.ts';

/** One place for a worker process, with its UDP port: starts another one when it dies, at once the first time. */
export class WorkerSlot implements Closable {
  readonly #settings: WorkerSettings;
  readonly #log: Logger;
  readonly #revival: Revival;
  #worker: WorkerProcess | undefined;
  /** Sessions of the present worker. */
  sessions = 0;
  /** Another worker is there after one that died. */
  onUp = () => {};

  private constructor(settings: WorkerSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#revival = new Revival(
      () => this.#live(),
      (error) => log.error({ reason: messageOf(error) }, 'call-server worker does not start'),
    );
  }

  /** Rejects when the first worker does not come up: its port is taken. */
  static async start(settings: WorkerSettings, log: Logger): Promise<WorkerSlot> {
    const slot = new WorkerSlot(settings, log);
    await slot.#live();
    return slot;
  }

  /** Undefined while it is being started again. */
  get worker(): WorkerProcess | undefined {
    return this.#worker?.open === true ? this.#worker : undefined;
  }

  get restarts(): number {
    return this.#revival.restarts;
  }

  async close(): Promise<void> {
    this.#revival.close();
    await this.#worker?.close();
  }

  async #live(): Promise<void> {
    const startedAt = performance.now();
    const worker = await WorkerProcess.start({ settings: this.#settings, logger: this.#log });
    if (this.#revival.over) {
      await worker.close();
      return;
    }
    this.#worker = worker;
    this.sessions = 0;
    this.onUp();
    worker.exited.then(() => {
      this.#worker = undefined;
      if (this.#revival.over) return;
      const { port } = this.#settings;
      this.#log.warn({ port }, 'call-server worker died; starting it again');
      this.#revival.after(startedAt);
    });
  }
}
