import type { PublicationUnit } from '#contracts';
import { avcConfigRecord, avcTagHeader, lengthPrefixed, nalUnits } from '#protocol';

const NAL_TYPE = 0x1f;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_DELIMITER = 9;
const IN_THE_CONFIGURATION: readonly number[] = [NAL_SPS, NAL_PPS, NAL_DELIMITER];

/** Turns H.264 access units with their parameter sets in band into the bodies of FLV video tags. Pure. */
export class H264Track {
  #sps: Uint8Array[] = [];
  #pps: Uint8Array[] = [];

  /**
   * The bodies that a unit makes: with parameter sets in it, a configuration
   * first. A unit that cannot be read makes none.
   */
  tags(unit: Pick<PublicationUnit, 'key' | 'payload'>): Uint8Array[] {
    const pictures: Uint8Array[] = [];
    const sps: Uint8Array[] = [];
    const pps: Uint8Array[] = [];
    for (const nal of nalUnits(unit.payload)) {
      const type = (nal[0] ?? 0) & NAL_TYPE;
      if (type === NAL_SPS) sps.push(nal);
      else if (type === NAL_PPS) pps.push(nal);
      if (!IN_THE_CONFIGURATION.includes(type)) pictures.push(nal);
    }
    // Views of memory that is used again: what outlives the unit is copied.
    if (sps.length > 0) this.#sps = sps.map((nal) => nal.slice());
    if (pps.length > 0) this.#pps = pps.map((nal) => nal.slice());
    const bodies: Uint8Array[] = [];
    if (unit.key) {
      const record = this.#record();
      if (record === undefined) return [];
      bodies.push(joined(avcTagHeader(true, true, 0), record));
    }
    if (pictures.length > 0) {
      bodies.push(joined(avcTagHeader(unit.key, false, 0), lengthPrefixed(pictures)));
    }
    return bodies;
  }

  #record(): Uint8Array | undefined {
    try {
      return avcConfigRecord(this.#sps, this.#pps);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
