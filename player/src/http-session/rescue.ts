/** Nothing at all came from the server for so long: another way to it is looked for. */
const RESTART_MS = 1_500;
/** Where that cannot be, this long: it or the network has gone. */
const SILENT_MS = 2_500;
/** After a restart, something must be heard within this. */
const RESTARTED_MS = 2_500;

/**
 * Decides, by what is heard of the server, when a connection looks for another
 * way to it (ICE restart), and when it is given up. `restart` resolves with
 * whether the server has agreed.
 */
export class Rescue {
  readonly #restart: () => Promise<boolean>;
  #state: 'well' | 'restarting' | 'restarted' | 'refused' = 'well';
  #heardMs: number;
  #untilMs = 0;

  constructor(restart: () => Promise<boolean>, nowMs: number) {
    this.#restart = restart;
    this.#heardMs = nowMs;
  }

  /** Something came from the server. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    if (this.#state === 'restarted') this.#state = 'well';
  }

  /** The browser says that the network is another one: that is not waited out. */
  networkChanged(): void {
    if (this.#state === 'well') this.#begin();
  }

  /** To be called twice a second or so. Returns false when it is given up. */
  check(nowMs: number): boolean {
    const silentMs = nowMs - this.#heardMs;
    switch (this.#state) {
      case 'well':
        if (silentMs > RESTART_MS) this.#begin();
        return true;
      case 'restarting':
        return true;
      case 'restarted':
        // It begins when this is first asked: the clock is the caller's.
        this.#untilMs ||= nowMs + RESTARTED_MS;
        return nowMs <= this.#untilMs;
      case 'refused':
        return silentMs <= SILENT_MS;
    }
  }

  #begin(): void {
    this.#state = 'restarting';
    this.#untilMs = 0;
    this.#restart().then(
      (agreed) => {
        this.#state = agreed ? 'restarted' : 'refused';
      },
      () => {
        this.#state = 'refused';
      },
    );
  }
}
