import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmphiError, isErrorCode, messageOf } from '#base';
import type { Config } from '#config';
import { localBase } from '../local-address.ts';

/** The API of the Amphi that this configuration describes, as the command line calls it. */
export class ApiClient {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  /** Takes the admin token from the configuration or the data folder. Throws `unauthorized` when there is none. */
  static async open(config: Config, url?: string): Promise<ApiClient> {
    const kept = join(config.dataDir, 'keys', 'admin-token');
    const token = config.adminToken ?? (await readFile(kept, 'utf8').catch(() => '')).trim();
    if (token === '') {
      throw new AmphiError(
        'unauthorized',
        `no admin token: set AMPHI_ADMIN_TOKEN, or run this where the data folder ${config.dataDir} is`,
      );
    }
    return new ApiClient(url?.replace(/\/+$/, '') ?? localBase(config), token);
  }

  /** Throws the API's own problem, or `unavailable` when nobody answers. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
    } catch (cause) {
      throw new AmphiError('unavailable', {
        detail: `Amphi does not answer at ${this.#base} (${messageOf((cause as Error).cause ?? cause)}); is it running?`,
        cause,
      });
    }
    const text = await response.text();
    const value: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return value as T;
    const { code, detail, title } = (value ?? {}) as Record<string, unknown>;
    throw new AmphiError(isErrorCode(code) ? code : 'upstream_failed', String(detail ?? title));
  }
}
