/** Holds back what comes while it is closed, up to a time. */
export class Gate {
  readonly #patienceMs: number;
  #closed: Promise<void> | undefined;
  #open = (): void => {};

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  close(): void {
    if (this.#closed !== undefined) return;
    this.#closed = new Promise((resolve) => {
      const timer = setTimeout(() => this.#open(), this.#patienceMs);
      this.#open = () => {
        clearTimeout(timer);
        this.#closed = undefined;
        resolve();
      };
    });
  }

  open(): void {
    this.#open();
  }

  /** Resolves when it is open: when `open` has been called, or its patience is over. */
  async passed(): Promise<void> {
    await this.#closed;
  }
}
