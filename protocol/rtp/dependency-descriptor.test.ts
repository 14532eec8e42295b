import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SvcStream } from '#support';
import { DependencyDescriptor, haveLayersAlone } from './dependency-descriptor.ts';

const read = (descriptor: DependencyDescriptor, bytes: readonly number[]) =>
  descriptor.read(Uint8Array.from([0xee, ...bytes, 0xee]), 1, bytes.length);

describe('DependencyDescriptor', () => {
  it('reads the structure with a key frame, and by it what follows', () => {
    const stream = new SvcStream(2, false);
    const descriptor = new DependencyDescriptor();
    const [low, high] = stream.picture(0, true);
    expect(read(descriptor, low!.descriptor)).toBe(true);
    expect(descriptor.structure).toMatchObject({
      targets: [
        { spatialId: 0, temporalId: 0 },
        { spatialId: 0, temporalId: 1 },
        { spatialId: 1, temporalId: 0 },
        { spatialId: 1, temporalId: 1 },
      ],
      chains: 2,
      resolutions: [
        { width: 320, height: 180 },
        { width: 640, height: 360 },
      ],
    });
    expect(descriptor).toMatchObject({
      startOfFrame: true,
      endOfFrame: true,
      frameNumber: 0,
      spatialId: 0,
      activeTargets: 0b1111,
      present: 0b1111,
      switching: 0b1111,
      referenceCount: 0,
    });
    expect(read(descriptor, high!.descriptor)).toBe(true);
    expect(descriptor).toMatchObject({ frameNumber: 1, spatialId: 1, present: 0b1100 });
    const [, delta] = stream.picture(1);
    expect(read(descriptor, delta!.descriptor)).toBe(true);
    expect(descriptor).toMatchObject({
      spatialId: 1,
      temporalId: 1,
      present: 0b1000,
      switching: 0,
    });
    expect([...descriptor.references.slice(0, descriptor.referenceCount)]).toEqual([2, 1]);
  });

  it('reads what a frame says by itself, and which targets are sent', () => {
    const descriptor = new DependencyDescriptor();
    read(descriptor, new SvcStream(1, false).picture(0, true)[0]!.descriptor);
    // Start, template 5 (the first), number 9; no structure, active targets, custom indications
    // and references; targets 01; switch (10) and required (11); 8 bits: 0x10; 4 bits: 2; end.
    const bits = '1' + '0' + '000101' + '0000000000001001' + '01110' + '01' + '1011';
    const references = '10' + '00010000' + '01' + '0010' + '00';
    const bytes = (bits + references)
      .match(/.{1,8}/g)!
      .map((b) => Number.parseInt(b.padEnd(8, '0'), 2));
    expect(read(descriptor, bytes)).toBe(true);
    expect(descriptor).toMatchObject({
      frameNumber: 9,
      activeTargets: 0b01,
      present: 0b11,
      switching: 0b01,
      endOfFrame: false,
    });
    expect([...descriptor.references.slice(0, descriptor.referenceCount)]).toEqual([17, 3]);
  });

  it('makes nothing of a frame whose structure it has not seen, nor of one that is cut short', () => {
    const stream = new SvcStream(3, true);
    const [key] = stream.picture(0, true);
    const descriptor = new DependencyDescriptor();
    expect(read(descriptor, stream.picture(0)[0]!.descriptor)).toBe(false);
    for (let length = 0; length < key!.descriptor.length; length++) {
      expect(read(new DependencyDescriptor(), key!.descriptor.slice(0, length))).toBe(false);
    }
    expect(read(descriptor, key!.descriptor)).toBe(true);
    expect(read(descriptor, [0xc0 | 63, 0, 1])).toBe(false);
  });

  it('takes any bytes without throwing, and keeps its structure when they make no sense', () => {
    const descriptor = new DependencyDescriptor();
    read(descriptor, new SvcStream(3, false).picture(0, true)[0]!.descriptor);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 255 }), (bytes) => {
        const before = descriptor.structure;
        if (!read(descriptor, [...bytes])) expect(descriptor.structure).toBe(before);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [3, true, true],
    [3, false, false],
    [1, true, false],
  ])('of %i layers in a _KEY mode (%s) tells whether they go alone', (layers, key, alone) => {
    const descriptor = new DependencyDescriptor();
    read(descriptor, new SvcStream(layers, key).picture(0, true)[0]!.descriptor);
    expect(haveLayersAlone(descriptor.structure!)).toBe(alone);
  });
});
