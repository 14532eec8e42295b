const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/**
 * The path and query of a request target (RFC 9112 3.2): as it stands, or out
 * of the absolute form, which a server has to take. Undefined for everything
 * else. HTTP/2 lets through any text where the scheme is not one of HTTP's
 * (RFC 9113 8.3.1): put behind a host it would name another one.
 */
export function originForm(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const [base] = target.match(ABSOLUTE) ?? [];
  if (base === undefined) return undefined;
  const rest = target.slice(base.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
