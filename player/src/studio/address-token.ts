/** The admin token of a link such as the start banner prints; it stands in the fragment, which no server sees. */
export function splitToken(hash: string): { token: string | undefined; rest: string } {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const token = fields.get('token') ?? undefined;
  if (token === undefined) return { token, rest: hash };
  fields.delete('token');
  const rest = fields.toString();
  return { token: token === '' ? undefined : token, rest: rest === '' ? '' : `#${rest}` };
}

/** Takes the token out of the address before anything else can see, keep or share it. */
export function takeToken(): string | undefined {
  const { token, rest } = splitToken(location.hash);
  if (rest !== location.hash) {
    history.replaceState(history.state, '', location.pathname + location.search + rest);
  }
  return token;
}
