/** Something that is open until it is closed, by its owner or by fate. */
export interface Closable {
  /** Idempotent. Closes the children, answers every held request, then resolves. */
  close(): Promise<void>;
}

/**
 * Closes what was opened, in reverse order, even when one of them fails. The
 * first failure is thrown once all have been tried.
 */
export class Disposer implements Closable {
  readonly #undo: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  /** Registers an undo step and returns the thing itself. */
  add<T extends Closable>(thing: T): T {
    this.defer(() => thing.close());
    return thing;
  }

  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    let failure: unknown;
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}
