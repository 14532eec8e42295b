/** A piece of a message: text, or a link with the address that it leads to. */
export type Piece = { text: string; href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence rather than an address. */
const TAIL = /[.,;:!?…)\]}»”’]+$/u;

/** A message cut into text and links. Only http and https become links; nothing is ever markup. */
export function piecesOf(message: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of message.matchAll(ADDRESS)) {
    const found = withoutTail(match[0]);
    const href = hrefOf(found);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ text: message.slice(end, match.index) });
    pieces.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < message.length) pieces.push({ text: message.slice(end) });
  return pieces;
}

/** A bracket at the end belongs to the address where one opens in it. */
function withoutTail(address: string): string {
  const tail = TAIL.exec(address)?.[0] ?? '';
  if (tail.startsWith(')') && address.includes('('))
    return address.slice(0, address.length - tail.length + 1);
  return address.slice(0, address.length - tail.length);
}

function hrefOf(address: string): string | undefined {
  try {
    return new URL(address).href;
  } catch {
    return undefined;
  }
}
