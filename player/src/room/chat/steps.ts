/**
 * Where a key leads in a list; undefined for keys that lead nowhere, and at
 * either end. From outside (`from` undefined) it begins at the newest, the last.
 */
export function stepFrom(
  ids: readonly string[],
  from: string | undefined,
  key: string,
): string | undefined {
  const at = from === undefined ? -1 : ids.indexOf(from);
  switch (key) {
    case 'ArrowUp':
      return at < 0 ? ids.at(-1) : ids[at - 1];
    case 'ArrowDown':
      return at < 0 ? ids.at(-1) : ids[at + 1];
    case 'Home':
      return ids[0];
    case 'End':
      return ids.at(-1);
    default:
      return undefined;
  }
}
