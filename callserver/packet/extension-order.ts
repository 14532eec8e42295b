import type { ExtensionName } from '#protocol';

/**
 * The header extensions that are passed on, or written anew for each receiver,
 * numbered so that the packet path looks them up by index.
 */
export const EXTENSION_ORDER = [
  'transportCc',
  'absSendTime',
  'playoutDelay',
  'absCaptureTime',
  'audioLevel',
  'videoOrientation',
  'dependencyDescriptor',
  'mid',
  'rid',
  'repairedRid',
] as const satisfies readonly ExtensionName[];

export type ExtensionIndex = number;

export const TRANSPORT_CC: ExtensionIndex = 0;
export const ABS_SEND_TIME: ExtensionIndex = 1;
export const PLAYOUT_DELAY: ExtensionIndex = 2;
export const AUDIO_LEVEL: ExtensionIndex = 4;
export const DEPENDENCY_DESCRIPTOR: ExtensionIndex = 6;
/** From here on a sender's value is passed on as it is. */
export const FIRST_PASSED_ON: ExtensionIndex = 3;
export const FIRST_NOT_PASSED_ON: ExtensionIndex = 7;
export const MID: ExtensionIndex = 7;
export const RID: ExtensionIndex = 8;
export const REPAIRED_RID: ExtensionIndex = 9;
export const NO_EXTENSION = 255;

/** Ids by name, as they were negotiated with one peer. */
export type ExtensionIds = Partial<Record<ExtensionName, number>>;

/** For reading: the index behind each id, or `NO_EXTENSION`. */
export function indexById(ids: ExtensionIds): Uint8Array {
  const table = new Uint8Array(256).fill(NO_EXTENSION);
  for (const [index, name] of EXTENSION_ORDER.entries()) {
    const id = ids[name];
    if (id !== undefined) table[id] = index;
  }
  return table;
}

/**
 * For writing: the id of each index. What a receiver did not negotiate gets an
 * id that it does not know, which it skips (RFC 8285 4.1.2): the bytes of the
 * element are other receivers' too and cannot be taken out.
 */
export function idByIndex(ids: ExtensionIds): Uint8Array {
  const taken = new Set(Object.values(ids));
  let unknown = 14;
  while (taken.has(unknown) && unknown > 1) unknown--;
  return Uint8Array.from(EXTENSION_ORDER, (name) => ids[name] ?? unknown);
}
