import { wrapDistance } from '#base';
import type { DependencyStructure } from '#protocol';
import type { FrameDependencies } from './frame-dependencies.ts';
import type { PacketSlot } from './slot.ts';

const TOP = 7;
const NONE = -1;
/** Frames that are remembered: further back nothing refers to. */
const FRAMES = 128;
const FRAME_BITS = 16;
/** A way up or down without a key frame is found in this time, or there is none. */
const PATIENCE_MS = 150;

/** Chooses among the layers of one stream that has several in itself (SVC), for one receiver. */
export interface SpatialLayers {
  /** At most these layers; taken up where a decoder can follow. */
  aim(spatial: number, temporal: number, nowMs: number): void;
  /** Whether a packet is passed on; once for each, in the order of arrival. */
  passes(slot: PacketSlot): boolean;
  /** Whether a packet that is passed on is the last of its picture, for this receiver. */
  endsPicture(slot: PacketSlot): boolean;
  /** The spatial layer that is shown now, from 0. */
  readonly current: number;
  /** What is wanted cannot be had without a key frame. */
  wantsKeyFrame(nowMs: number): boolean;
}

/**
 * By the dependency descriptor: a receiver gets one decode target and goes over to
 * another one at a frame that this one may begin with, when it has had all that the
 * frame refers to (AV1 RTP specification, A.4 and A.8.3.3).
 */
export class DecodeTargetSwitch implements SpatialLayers {
  #structure: DependencyStructure | undefined;
  #target = NONE;
  #wanted = NONE;
  #spatial = TOP;
  #temporal = TOP;
  #lastFrame = NONE;
  #verdict = false;
  /** By frame number: twice that, and one more when it was passed on. */
  readonly #frames = new Int32Array(FRAMES).fill(NONE);
  #activeTargets = 0;
  #waitingSinceMs = Number.POSITIVE_INFINITY;

  aim(spatial: number, temporal: number, nowMs: number): void {
    if (spatial !== this.#spatial || temporal !== this.#temporal) {
      this.#spatial = spatial;
      this.#temporal = temporal;
      this.#choose();
    }
    if (this.#wanted === this.#target) this.#waitingSinceMs = Number.POSITIVE_INFINITY;
    else this.#waitingSinceMs = Math.min(this.#waitingSinceMs, nowMs);
  }

  get current(): number {
    return this.#structure?.targets[this.#target]?.spatialId ?? 0;
  }

  wantsKeyFrame(nowMs: number): boolean {
    return nowMs - this.#waitingSinceMs >= PATIENCE_MS;
  }

  passes({ frame }: PacketSlot): boolean {
    const { structure, frameNumber } = frame;
    if (structure === undefined) return true;
    if (frameNumber === this.#lastFrame) return this.#verdict;
    const known = this.#frames[frameNumber % FRAMES] ?? NONE;
    if (known >> 1 === frameNumber) return (known & 1) === 1;
    const late =
      this.#lastFrame !== NONE && wrapDistance(this.#lastFrame, frameNumber, FRAME_BITS) < 0;
    if (late && structure === this.#structure) return isSet(frame.present, this.#target);
    if (structure !== this.#structure || frame.activeTargets !== this.#activeTargets) {
      this.#begin(frame, structure);
    }
    if (this.#wanted !== this.#target && this.#mayGoOver(frame)) this.#target = this.#wanted;
    this.#lastFrame = frameNumber;
    this.#verdict = isSet(frame.present, this.#target);
    this.#frames[frameNumber % FRAMES] = frameNumber * 2 + (this.#verdict ? 1 : 0);
    return this.#verdict;
  }

  /** A structure comes with a key frame: any target may begin there. */
  #begin({ activeTargets }: FrameDependencies, structure: DependencyStructure): void {
    const anew = structure !== this.#structure;
    this.#structure = structure;
    this.#activeTargets = activeTargets;
    if (anew) {
      this.#target = NONE;
      this.#frames.fill(NONE);
    }
    this.#choose();
    if (anew) this.#target = this.#wanted;
  }

  /** The best of the active targets within the bounds; the lowest when none is. */
  #choose(): void {
    let best = NONE;
    let least = NONE;
    for (const [i, target] of (this.#structure?.targets ?? []).entries()) {
      if (!isSet(this.#activeTargets, i)) continue;
      const { spatialId, temporalId } = target;
      if (isBelow(target, this.#structure?.targets[least])) least = i;
      if (spatialId > this.#spatial || temporalId > this.#temporal) continue;
      if (best === NONE || !isBelow(target, this.#structure?.targets[best])) best = i;
    }
    this.#wanted = best === NONE ? least : best;
  }

  #mayGoOver({ switching, frameNumber, references, referenceCount }: FrameDependencies): boolean {
    if (!isSet(switching, this.#wanted)) return false;
    for (let i = 0; i < referenceCount; i++) {
      const number = (frameNumber - (references[i] ?? 0)) & 0xffff;
      if (this.#frames[number % FRAMES] !== number * 2 + 1) return false;
    }
    return true;
  }

  endsPicture(slot: PacketSlot): boolean {
    if (slot.marker || slot.frame.structure === undefined) return slot.marker;
    return slot.frameEnd && slot.spatialId === this.current;
  }
}

const isSet = (mask: number, bit: number): boolean => bit >= 0 && ((mask >>> bit) & 1) === 1;

interface Layers {
  spatialId: number;
  temporalId: number;
}

const isBelow = (a: Layers, b: Layers | undefined): boolean =>
  b === undefined ||
  a.spatialId < b.spatialId ||
  (a.spatialId === b.spatialId && a.temporalId < b.temporalId);

/**
 * By the payload descriptor of VP9 (RFC 9628), where there is no other: all spatial
 * layers up to one. Fewer from the next picture on; more where a layer refers to
 * nothing but the one below it.
 */
export class Vp9SpatialFilter implements SpatialLayers {
  #current = TOP;
  #wanted = TOP;
  #timestamp = NONE;
  #waitingSinceMs = Number.POSITIVE_INFINITY;
  /** The highest layer that there is, by what came since the last key frame: an aim above that is reached. */
  #highest = 0;
  #sinceKey = 0;

  aim(spatial: number, _temporal: number, nowMs: number): void {
    this.#wanted = spatial;
    const reached = this.#current >= Math.min(this.#wanted, this.#highest);
    this.#waitingSinceMs = reached
      ? Number.POSITIVE_INFINITY
      : Math.min(this.#waitingSinceMs, nowMs);
  }

  get current(): number {
    return Math.min(this.#current, this.#highest);
  }

  wantsKeyFrame(nowMs: number): boolean {
    return nowMs - this.#waitingSinceMs >= PATIENCE_MS;
  }

  passes(slot: PacketSlot): boolean {
    const { spatialId, timestamp } = slot;
    if (slot.keyFrame) {
      this.#current = this.#wanted;
      this.#highest = this.#sinceKey;
      this.#sinceKey = 0;
    } else if (timestamp !== this.#timestamp && this.#wanted < this.#current) {
      this.#current = this.#wanted;
    }
    this.#timestamp = timestamp;
    this.#sinceKey = Math.max(this.#sinceKey, spatialId);
    this.#highest = Math.max(this.#highest, spatialId);
    if (spatialId > this.#current && spatialId <= this.#wanted && slot.onlyFromBelow) {
      this.#current = spatialId;
    }
    return spatialId <= this.#current;
  }

  endsPicture(slot: PacketSlot): boolean {
    return slot.marker || (slot.frameEnd && slot.spatialId === this.#current);
  }
}
