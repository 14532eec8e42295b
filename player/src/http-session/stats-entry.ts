/** An entry of a connection's statistics (W3C webrtc-stats): which fields it has depends on the browser. */
export type Entry = Record<string, unknown> & { type?: string };

export const numberOf = (value: unknown): number => numberIn(value) ?? 0;
export const numberIn = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

/** The name of a stream's codec, e.g. `VP8`. */
export function codecOf(entries: readonly Entry[], stream: Entry | undefined): string | undefined {
  const codec = entries.find(({ type, id }) => type === 'codec' && id === stream?.['codecId']);
  const mimeType = codec?.['mimeType'];
  return typeof mimeType === 'string' ? mimeType.split('/')[1] : undefined;
}
