import { ONE_BYTE_PROFILE, writeU16 } from './packet.ts';

/** Header extensions that Amphi understands, by short name. */
export const EXTENSION_URIS = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  absCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  videoOrientation: 'urn:3gpp:video-orientation',
  dependencyDescriptor:
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
} as const;

export type ExtensionName = keyof typeof EXTENSION_URIS;

const NAMES = new Map<string, ExtensionName>(
  Object.entries(EXTENSION_URIS).map(([name, uri]) => [uri, name as ExtensionName]),
);

export const extensionNameOf = (uri: string): ExtensionName | undefined => NAMES.get(uri);

/** Absolute send time: seconds in 6.18 fixed point, from a clock of any origin. */
export const ABS_SEND_TIME_RATE = 2 ** 18;
export const ABS_SEND_TIME_BITS = 24;
export const absSendTimeOf = (ms: number): number =>
  Math.floor((ms * ABS_SEND_TIME_RATE) / 1000) & (2 ** ABS_SEND_TIME_BITS - 1);

const PROFILE_AND_LENGTH = 4;
const LONGEST_ONE_BYTE_ELEMENT = 16;
const TWO_BYTE_PROFILE = 0x1000;

/**
 * Lays out header extension elements one after the other. In the two-byte form
 * when one of them is too long for the other, as in a dependency descriptor
 * with its structure.
 */
export class ElementWriter {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #twoByte: boolean;
  #at: number;

  /** `start` is where the profile word goes; `longest` the length of the longest element to come. */
  constructor(bytes: Uint8Array, start: number, longest: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#twoByte = longest > LONGEST_ONE_BYTE_ELEMENT;
    this.#at = start + PROFILE_AND_LENGTH;
  }

  get twoByte(): boolean {
    return this.#twoByte;
  }

  /** Reserves an element; returns where its data goes. */
  add(id: number, length: number): number {
    setElementHead(this.#bytes, this.#at, this.#twoByte, id, length);
    const data = this.#at + (this.#twoByte ? 2 : 1);
    this.#at = data + length;
    return data;
  }

  /** Pads, writes the length and returns where the payload begins. */
  finish(): number {
    const end = this.#start + PROFILE_AND_LENGTH;
    const words = Math.ceil((this.#at - end) / 4);
    this.#bytes.fill(0, this.#at, end + words * 4);
    writeU16(this.#bytes, this.#start, this.#twoByte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
    writeU16(this.#bytes, this.#start + 2, words);
    return end + words * 4;
  }
}

/** Writes the byte or the two in front of an element's data, which begin at `at`. */
export function setElementHead(
  bytes: Uint8Array,
  at: number,
  twoByte: boolean,
  id: number,
  length: number,
): void {
  if (twoByte) {
    bytes[at] = id;
    bytes[at + 1] = length;
  } else {
    bytes[at] = (id << 4) | (length - 1);
  }
}
