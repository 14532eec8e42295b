import { type Closable, delay, type Logger, messageOf, retryDelayMs } from '#base';
import { WorkerProcess, type WorkerSettings } from '#callserver';

const RESTART = { baseMs: 100, capMs: 5_000, jitter: 0.2, attempts: Number.POSITIVE_INFINITY };
/** A life that lasted this long was healthy. */
const HEALTHY_MS = 20_000;

/** One place for a worker process, with its UDP port: starts another one when it dies, at once the first time. */
export class WorkerSlot implements Closable {
  readonly #settings: WorkerSettings;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  #worker: WorkerProcess | undefined;
  #failures = 0;
  #restarts = 0;
  /** Sessions of the present worker. */
  sessions = 0;

  private constructor(settings: WorkerSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Rejects when the first worker does not come up: its port is taken. */
  static async start(settings: WorkerSettings, log: Logger): Promise<WorkerSlot> {
    const slot = new WorkerSlot(settings, log);
    await slot.#live();
    return slot;
  }

  /** Undefined while it is being started again. */
  get worker(): WorkerProcess | undefined {
    return this.#worker;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#worker?.close();
  }

  async #live(): Promise<void> {
    const startedAt = performance.now();
    const worker = await WorkerProcess.start({ settings: this.#settings, logger: this.#log });
    if (this.#abort.signal.aborted) {
      await worker.close();
      return;
    }
    this.#worker = worker;
    this.sessions = 0;
    worker.exited.then(() => {
      this.#worker = undefined;
      if (this.#abort.signal.aborted) return;
      const { port } = this.#settings;
      this.#log.warn({ port }, 'call-server worker died; starting it again');
      this.#failures = performance.now() - startedAt > HEALTHY_MS ? 0 : this.#failures + 1;
      this.#revive();
    });
  }

  async #revive(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (this.#failures > 1) {
        await delay(retryDelayMs(RESTART, this.#failures - 1), signal).catch(() => {});
      }
      if (signal.aborted) return;
      this.#restarts++;
      try {
        await this.#live();
        return;
      } catch (error) {
        this.#failures++;
        this.#log.error({ reason: messageOf(error) }, 'call-server worker does not start');
      }
    }
  }
}
