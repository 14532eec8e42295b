/** What the address of an embedded player says: `?autoplay&muted&t=…&token=…`. */
export interface EmbedOptions {
  /** Begin without being asked; without sound where the browser wants that. */
  autoplay: boolean;
  muted: boolean;
}

const NO = ['0', 'false', 'no'];

export function optionsOf(search: string): EmbedOptions {
  const query = new URLSearchParams(search);
  const on = (name: string) => query.has(name) && !NO.includes(query.get(name) ?? '');
  return { autoplay: on('autoplay'), muted: on('muted') };
}
