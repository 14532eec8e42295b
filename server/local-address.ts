import type { Config } from '#config';

/** An address to bind to that stands for all of this machine. */
export const isUnspecified = (host: string): boolean => host === '0.0.0.0' || host === '::';

/**
 * Where this machine reaches its own public listeners, as a URL has it. It is
 * the address that they bind to: "localhost" may as well be another one, with
 * somebody else's listener or with none.
 */
function localHost({ host }: Pick<Config, 'host'>): string {
  if (isUnspecified(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Base of the public HTTP port's addresses on this machine, without a slash at the end. */
export function localBase(config: Config): string {
  const protocol = config.http.tlsCert === undefined ? 'http' : 'https';
  return `${protocol}://${localHost(config)}:${config.http.port}`;
}
