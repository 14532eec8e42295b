/** Address of the broadcast; of a moment in it when one is given, as epoch seconds. */
export function shareLink(origin: string, eventId: string, atMs?: number): string {
  const link = new URL(`/watch/${encodeURIComponent(eventId)}`, origin);
  if (atMs !== undefined) link.searchParams.set('t', String(Math.floor(atMs / 1000)));
  return link.href;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '"': '&quot;',
  '<': '&lt;',
  '>': '&gt;',
};

const escaped = (text: string): string =>
  text.replaceAll(/[&"<>]/g, (sign) => ENTITIES[sign] ?? sign);

/** HTML that puts the player into another page, as wide as there is room. */
export function embedCode(origin: string, eventId: string, title: string): string {
  const address = new URL(`/embed/${encodeURIComponent(eventId)}`, origin).href;
  return `<iframe src="${escaped(address)}" title="${escaped(title)}" style="width:100%;aspect-ratio:16/9;border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}
