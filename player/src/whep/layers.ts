/** One of the streams that a viewer may choose among. */
export interface WhepLayer {
  rid: string;
  width: number;
  height: number;
  bitsPerSecond: number;
}

/** The layers in a `layers` event (draft-ietf-wish-whep), best first; none in what is no such event. */
export function readLayers(data: string): { section: string; layers: WhepLayer[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [section, listed] of Object.entries(value)) {
    if (!Array.isArray(listed)) continue;
    const layers = listed.flatMap((one: unknown) => layerOf(one) ?? []);
    layers.sort((a, b) => b.height - a.height || b.bitsPerSecond - a.bitsPerSecond);
    return { section, layers };
  }
  return undefined;
}

function layerOf(one: unknown): WhepLayer | undefined {
  const { rid, width, height, bitrate } = (one ?? {}) as Record<string, unknown>;
  if (typeof rid !== 'string') return undefined;
  return { rid, width: amount(width), height: amount(height), bitsPerSecond: amount(bitrate) };
}

const amount = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;
