import { readFileSync, statSync } from 'node:fs';
import { type Closable, type Logger, messageOf } from '#base';

const LOOK_EVERY_MS = 60_000;

export interface CertificateFiles {
  cert: string;
  key: string;
}

/** A certificate that is renewed in place is taken up without a restart. */
export class Certificate implements Closable {
  readonly #files: CertificateFiles;
  readonly #log: Logger;
  #changedAtMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** Throws the system's error when a file cannot be read. */
  constructor(files: CertificateFiles, log: Logger) {
    this.#files = files;
    this.#log = log;
    this.#changedAtMs = this.#mtimeMs();
  }

  read(): { cert: Buffer; key: Buffer } {
    return { cert: readFileSync(this.#files.cert), key: readFileSync(this.#files.key) };
  }

  /** Hands every later certificate to this server. */
  watch(server: { setSecureContext(options: { cert: Buffer; key: Buffer }): void }): void {
    this.#timer = setInterval(() => {
      try {
        const changedAtMs = this.#mtimeMs();
        if (changedAtMs === this.#changedAtMs) return;
        server.setSecureContext(this.read());
        this.#changedAtMs = changedAtMs;
        this.#log.info({}, 'new certificate in use');
      } catch (error) {
        // It may be written at this moment; the old one serves until the new one is whole.
        this.#log.warn({ reason: messageOf(error) }, 'certificate not readable');
      }
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  #mtimeMs(): number {
    return Math.max(statSync(this.#files.cert).mtimeMs, statSync(this.#files.key).mtimeMs);
  }
}
