import { setElementHead } from '#protocol';
import { EXTENSION_ORDER, type ExtensionIndex } from './extension-order.ts';
import { FrameDependencies } from './frame-dependencies.ts';

/** Ethernet's MTU; nothing larger comes in over UDP. */
export const MAX_PACKET = 1500;
/** On the wire beside the RTP packet: IPv4, UDP, and what SRTP puts behind. */
export const PACKET_OVERHEAD = 20 + 8 + 16;
const MAX_ELEMENTS = EXTENSION_ORDER.length;

/**
 * One packet as the router keeps it: payload type, sequence number, timestamp,
 * SSRC and extension ids are the last receiver's, because each consumer writes
 * its own in place before it sends. What the packet really said is in the
 * fields beside.
 */
export class PacketSlot {
  readonly memory = Buffer.allocUnsafeSlow(MAX_PACKET);
  /** The packet: as much of `memory` as it takes. */
  bytes: Buffer = this.memory;
  /** Unwrapped; -1 while the slot is empty. */
  sequence = -1;
  timestamp = 0;
  /** Index of the simulcast stream. */
  layer = 0;
  marker = false;
  arrivedMs = 0;
  payloadOffset = 0;
  /** 0: padding alone, which is not passed on. */
  payloadLength = 0;
  /** What the payload says of itself. */
  keyFrame = false;
  /** Of a key frame's picture; 0 when it does not say. */
  width = 0;
  height = 0;
  temporalId = 0;
  layerSync = false;
  /** Of streams with several spatial layers. */
  spatialId = 0;
  /** Last packet of a layer of a picture. */
  frameEnd = false;
  /** Refers to no other picture, but to a lower layer of its own. */
  onlyFromBelow = false;
  readonly frame = new FrameDependencies();
  /** Offsets from the payload's start of the fields that are rewritten; -1 when not there. */
  pictureIdOffset = -1;
  pictureIdBits = 15;
  pictureId = 0;
  tl0PicIdxOffset = -1;
  tl0PicIdx = 0;

  twoByteElements = false;
  elementCount = 0;
  readonly elementKinds = new Uint8Array(MAX_ELEMENTS);
  readonly elementOffsets = new Uint16Array(MAX_ELEMENTS);
  readonly elementLengths = new Uint8Array(MAX_ELEMENTS);

  addElement(kind: ExtensionIndex, offset: number, length: number): void {
    this.elementKinds[this.elementCount] = kind;
    this.elementOffsets[this.elementCount] = offset;
    this.elementLengths[this.elementCount] = length;
    this.elementCount++;
  }

  /** Where an element's data begins, or -1. */
  elementOffset(kind: ExtensionIndex): number {
    for (let i = 0; i < this.elementCount; i++) {
      if (this.elementKinds[i] === kind) return this.elementOffsets[i] ?? -1;
    }
    return -1;
  }

  /** How long an element's data is; 0 when it is not there. */
  elementLength(kind: ExtensionIndex): number {
    for (let i = 0; i < this.elementCount; i++) {
      if (this.elementKinds[i] === kind) return this.elementLengths[i] ?? 0;
    }
    return 0;
  }

  /** Gives each element the id that a receiver knows it by. */
  setElementIds(ids: Uint8Array): void {
    for (let i = 0; i < this.elementCount; i++) {
      const length = this.elementLengths[i] ?? 0;
      const head = (this.elementOffsets[i] ?? 0) - (this.twoByteElements ? 2 : 1);
      const id = ids[this.elementKinds[i] ?? 0] ?? 0;
      setElementHead(this.bytes, head, this.twoByteElements, id, length);
    }
  }
}
