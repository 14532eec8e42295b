/**
 * Dependency descriptor, the header extension of the AV1 RTP specification
 * (appendix A): which decode targets a frame belongs to and what it hangs on, for
 * any codec, without a look into the payload.
 */

/** A way to decode a stream: up to these layers. */
export interface DecodeTarget {
  spatialId: number;
  temporalId: number;
}

interface Template extends DecodeTarget {
  /** Decode targets that the frame is part of, as bits. */
  present: number;
  /** Those that a receiver may go over to with it. */
  switching: number;
  /** Distances in frame numbers. */
  references: readonly number[];
}

/** What a key frame says of all that follow (A.8.3.2). */
export interface DependencyStructure {
  templateIdOffset: number;
  targets: readonly DecodeTarget[];
  templates: readonly Template[];
  chains: number;
  /** Of each spatial layer, from the lowest; empty when it does not say. */
  resolutions: readonly { width: number; height: number }[];
}

const MAX_TEMPLATES = 64;
const MAX_REFERENCES = 16;
const MANDATORY_BYTES = 3;
/** Decode target indications (A.8.3.3). */
const NOT_PRESENT = 0;
const SWITCH = 2;
const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_MORE = 3;

/** Reads descriptors one after the other into the same object; a structure holds until the next. */
export class DependencyDescriptor {
  structure: DependencyStructure | undefined;
  /** Decode targets that the sender sends, as bits. */
  activeTargets = 0;
  startOfFrame = false;
  endOfFrame = false;
  /** 16 bits. */
  frameNumber = 0;
  spatialId = 0;
  temporalId = 0;
  /** Decode targets, as bits: those that the frame is part of, and those that may begin with it. */
  present = 0;
  switching = 0;
  readonly references = new Uint16Array(MAX_REFERENCES);
  referenceCount = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #bit = 0;
  #end = 0;

  /** Returns false when it is cut short, or makes no sense with the structure that was told. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    this.#bytes = bytes;
    this.#bit = offset * 8;
    this.#end = (offset + length) * 8;
    if (length < MANDATORY_BYTES) return false;
    this.startOfFrame = this.#bits(1) === 1;
    this.endOfFrame = this.#bits(1) === 1;
    const templateId = this.#bits(6);
    this.frameNumber = this.#bits(16);
    let custom = 0;
    let { structure, activeTargets } = this;
    if (length > MANDATORY_BYTES) {
      const told = this.#bits(1) === 1;
      const toldActive = this.#bits(1) === 1;
      custom = this.#bits(3);
      if (told) {
        structure = this.#readStructure();
        activeTargets = maskOf(structure?.targets.length ?? 0);
      }
      if (toldActive) activeTargets = this.#bits(structure?.targets.length ?? 0);
    }
    if (structure === undefined || this.#bit > this.#end) return false;
    const index = (templateId + MAX_TEMPLATES - structure.templateIdOffset) % MAX_TEMPLATES;
    const template = structure.templates[index];
    if (template === undefined) return false;
    this.#readFrame(structure, template, custom);
    if (this.#bit > this.#end) return false;
    this.structure = structure;
    this.activeTargets = activeTargets;
    return true;
  }

  /** A.8.3.4; `custom` has a bit each for what the frame says by itself: indications, references, chains. */
  #readFrame(structure: DependencyStructure, template: Template, custom: number): void {
    this.spatialId = template.spatialId;
    this.temporalId = template.temporalId;
    this.present = template.present;
    this.switching = template.switching;
    if ((custom & 4) !== 0) {
      this.present = 0;
      this.switching = 0;
      for (let target = 0; target < structure.targets.length; target++) {
        const indication = this.#bits(2);
        if (indication !== NOT_PRESENT) this.present |= 1 << target;
        if (indication === SWITCH) this.switching |= 1 << target;
      }
    }
    this.referenceCount = 0;
    if ((custom & 2) === 0) {
      for (const distance of template.references) this.#refer(distance);
    } else {
      for (let size = this.#bits(2); size > 0 && this.#bit <= this.#end; size = this.#bits(2)) {
        this.#refer(this.#bits(4 * size) + 1);
      }
    }
    if ((custom & 1) !== 0) this.#bit += 8 * structure.chains;
  }

  #refer(distance: number): void {
    if (this.referenceCount === MAX_REFERENCES) return;
    this.references[this.referenceCount++] = distance;
  }

  /** Undefined when it is cut short or has too many templates. */
  #readStructure(): DependencyStructure | undefined {
    const templateIdOffset = this.#bits(6);
    const count = this.#bits(5) + 1;
    const layers = this.#readLayers();
    if (layers === undefined) return undefined;
    const indications = layers.map(() => Array.from({ length: count }, () => this.#bits(2)));
    const references = layers.map(() => this.#readReferences());
    const chains = this.#readChains(count, layers.length);
    if (this.#bit > this.#end) return undefined;
    const templates = layers.map((layer, i) => {
      const of = indications[i] ?? [];
      const bitsWhere = (fits: (indication: number) => boolean) =>
        of.reduce((mask, indication, target) => mask | (fits(indication) ? 1 << target : 0), 0);
      return {
        ...layer,
        present: bitsWhere((indication) => indication !== NOT_PRESENT),
        switching: bitsWhere((indication) => indication === SWITCH),
        references: references[i] ?? [],
      };
    });
    const targets = Array.from({ length: count }, (_, target) => targetOf(templates, target));
    const spatialLayers = Math.max(...layers.map(({ spatialId }) => spatialId)) + 1;
    const told = this.#bits(1) === 1;
    const resolutions = Array.from({ length: told ? spatialLayers : 0 }, () => ({
      width: this.#bits(16) + 1,
      height: this.#bits(16) + 1,
    }));
    if (this.#bit > this.#end) return undefined;
    return { templateIdOffset, targets, templates, chains, resolutions };
  }

  #readLayers(): DecodeTarget[] | undefined {
    const layers: DecodeTarget[] = [];
    let [spatialId, temporalId] = [0, 0];
    for (;;) {
      layers.push({ spatialId, temporalId });
      const next = this.#bits(2);
      if (next === NO_MORE) return layers;
      if (layers.length === MAX_TEMPLATES || this.#bit > this.#end) return undefined;
      if (next === NEXT_TEMPORAL) temporalId++;
      else if (next === NEXT_SPATIAL) {
        temporalId = 0;
        spatialId++;
      }
    }
  }

  #readReferences(): number[] {
    const references: number[] = [];
    while (this.#bits(1) === 1 && this.#bit <= this.#end) references.push(this.#bits(4) + 1);
    return references;
  }

  /** What protects whom is for receivers; how many there are is needed to read on. */
  #readChains(targets: number, templates: number): number {
    const chains = this.#nonSymmetric(targets + 1);
    if (chains === 0) return 0;
    for (let target = 0; target < targets; target++) this.#nonSymmetric(chains);
    this.#bit += 4 * templates * chains;
    return chains;
  }

  /** A.8.2: a number below `bound`, in as few bits as that takes. */
  #nonSymmetric(bound: number): number {
    const width = Math.floor(Math.log2(bound)) + 1;
    const short = 2 ** width - bound;
    const value = this.#bits(width - 1);
    return value < short ? value : value * 2 - short + this.#bits(1);
  }

  /** Zeros behind the end: what is read there is refused. */
  #bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#bit++) {
      const byte = this.#bit < this.#end ? (this.#bytes[this.#bit >> 3] ?? 0) : 0;
      value = (value * 2 + ((byte >> (7 - (this.#bit & 7))) & 1)) >>> 0;
    }
    return value;
  }
}

const maskOf = (count: number): number => (count >= 32 ? 0xffffffff : 2 ** count - 1);

/** The highest layers of all frames that are part of it. */
function targetOf(templates: readonly Template[], target: number): DecodeTarget {
  let [spatialId, temporalId] = [0, 0];
  for (const template of templates) {
    if (((template.present >>> target) & 1) === 0) continue;
    spatialId = Math.max(spatialId, template.spatialId);
    temporalId = Math.max(temporalId, template.temporalId);
  }
  return { spatialId, temporalId };
}

/** Whether between key frames the highest target needs no frame of the lowest layer, as in the modes named `_KEY`. */
export function haveLayersAlone({ targets, templates }: DependencyStructure): boolean {
  const top = targets.length - 1;
  const base = templates.filter(
    ({ spatialId, references }) => spatialId === 0 && references.length > 0,
  );
  if ((targets[top]?.spatialId ?? 0) === 0) return false;
  return base.length > 0 && base.every(({ present }) => ((present >>> top) & 1) === 0);
}
