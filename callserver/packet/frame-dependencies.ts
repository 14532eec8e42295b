import type { DependencyDescriptor, DependencyStructure } from '#protocol';

/** What a dependency descriptor told of a packet's frame; kept with the packet and used again. */
export class FrameDependencies {
  /** Undefined where no descriptor came, or none that makes sense. */
  structure: DependencyStructure | undefined;
  activeTargets = 0;
  frameNumber = 0;
  /** Decode targets, as bits. */
  present = 0;
  switching = 0;
  readonly references = new Uint16Array(16);
  referenceCount = 0;

  take(descriptor: DependencyDescriptor): void {
    this.structure = descriptor.structure;
    this.activeTargets = descriptor.activeTargets;
    this.frameNumber = descriptor.frameNumber;
    this.present = descriptor.present;
    this.switching = descriptor.switching;
    this.referenceCount = descriptor.referenceCount;
    this.references.set(descriptor.references);
  }
}
