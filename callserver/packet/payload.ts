import {
  DependencyDescriptor,
  H264Payload,
  isAv1KeyFrame,
  parseSps,
  Vp8Descriptor,
  Vp9Descriptor,
} from '#protocol';
import type { CodecName } from '../codecs.ts';
import { DEPENDENCY_DESCRIPTOR } from './extension-order.ts';
import type { PacketSlot } from './slot.ts';

/** Reads what the packet path needs to know of a payload into the slot that holds it. */
export interface PayloadReader {
  /** Returns false when the payload is malformed: it is not passed on. */
  read(slot: PacketSlot): boolean;
}

/** Readers keep the object that they read into; each stream has its own. */
export const PAYLOAD_READERS: Readonly<Record<CodecName, () => PayloadReader>> = {
  opus: () => ({ read: everyPacketIsEntry }),
  VP8: vp8Reader,
  VP9: vp9Reader,
  H264: h264Reader,
  AV1: av1Reader,
};

/** Sound has no key frames: a receiver may begin anywhere. */
function everyPacketIsEntry(slot: PacketSlot): boolean {
  clear(slot);
  slot.keyFrame = true;
  return true;
}

function clear(slot: PacketSlot): void {
  slot.keyFrame = false;
  slot.temporalId = 0;
  slot.layerSync = false;
  slot.spatialId = 0;
  slot.frameEnd = false;
  slot.onlyFromBelow = false;
  slot.pictureIdOffset = -1;
  slot.tl0PicIdxOffset = -1;
  slot.width = 0;
  slot.height = 0;
}

function vp8Reader(): PayloadReader {
  const descriptor = new Vp8Descriptor();
  return {
    read(slot) {
      if (!descriptor.read(slot.bytes, slot.payloadOffset, slot.payloadLength)) return false;
      slot.keyFrame = descriptor.keyFrame;
      slot.temporalId = descriptor.temporalId;
      slot.layerSync = descriptor.layerSync;
      slot.pictureIdOffset = descriptor.pictureIdOffset;
      slot.pictureIdBits = descriptor.pictureIdBits;
      slot.pictureId = descriptor.pictureId;
      slot.tl0PicIdxOffset = descriptor.tl0PicIdxOffset;
      slot.tl0PicIdx = descriptor.tl0PicIdx;
      slot.width = descriptor.width;
      slot.height = descriptor.height;
      return true;
    },
  };
}

function av1Reader(): PayloadReader {
  const dependencies = new DependencyDescriptor();
  return {
    read(slot) {
      clear(slot);
      slot.keyFrame = isAv1KeyFrame(slot.bytes, slot.payloadOffset, slot.payloadLength);
      readDependencies(dependencies, slot);
      return true;
    },
  };
}

/** What the dependency descriptor says of layers goes before what the payload does. */
function readDependencies(descriptor: DependencyDescriptor, slot: PacketSlot): void {
  slot.frame.structure = undefined;
  const at = slot.elementOffset(DEPENDENCY_DESCRIPTOR);
  if (at < 0) return;
  const length = slot.elementLength(DEPENDENCY_DESCRIPTOR);
  if (!descriptor.read(slot.bytes, at, length)) return;
  slot.frame.take(descriptor);
  slot.spatialId = descriptor.spatialId;
  slot.temporalId = descriptor.temporalId;
  slot.frameEnd = descriptor.endOfFrame;
  const size = descriptor.structure?.resolutions.at(-1);
  if (!slot.keyFrame || size === undefined) return;
  slot.width = size.width;
  slot.height = size.height;
}

function vp9Reader(): PayloadReader {
  const descriptor = new Vp9Descriptor();
  const dependencies = new DependencyDescriptor();
  return {
    read(slot) {
      if (!descriptor.read(slot.bytes, slot.payloadOffset, slot.payloadLength)) return false;
      clear(slot);
      slot.keyFrame = descriptor.keyFrame;
      slot.temporalId = descriptor.temporalId;
      slot.layerSync = descriptor.switchingUp;
      slot.spatialId = descriptor.spatialId;
      slot.frameEnd = descriptor.frameEnd;
      slot.onlyFromBelow = descriptor.interLayerPredicted && !descriptor.interPicturePredicted;
      slot.width = descriptor.width;
      slot.height = descriptor.height;
      readDependencies(dependencies, slot);
      return true;
    },
  };
}

const STAP_A = 24;
const NAL_SPS = 7;

function h264Reader(): PayloadReader {
  const payload = new H264Payload();
  return {
    read(slot) {
      if (!payload.read(slot.bytes, slot.payloadOffset, slot.payloadLength)) return false;
      clear(slot);
      slot.keyFrame = payload.keyFrame;
      if (slot.keyFrame) readPictureSize(slot);
      return true;
    },
  };
}

/** From the SPS, which leads a key frame by itself or as the first unit of a STAP-A. */
function readPictureSize(slot: PacketSlot): void {
  const { bytes, payloadOffset, payloadLength } = slot;
  const type = (bytes[payloadOffset] ?? 0) & 0x1f;
  const start = type === STAP_A ? payloadOffset + 3 : payloadOffset;
  if (((bytes[start] ?? 0) & 0x1f) !== NAL_SPS) return;
  try {
    const sps = parseSps(bytes.subarray(start, payloadOffset + payloadLength));
    slot.width = sps.width;
    slot.height = sps.height;
  } catch (error) {
    // An SPS that cannot be read is the decoder's concern; its size stays unknown.
    if (!(error instanceof RangeError)) throw error;
  }
}
