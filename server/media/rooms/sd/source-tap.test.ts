import { expect, it, vi } from 'vitest';
import { Emitter } from '#base';
import type { AccessUnit, MediaTap } from '#callserver';
import type { SdOrder } from './order.ts';
import { SourceTap } from './source-tap.ts';

/** RFC 6386 9.1: a frame tag, a start code, and the size. */
const keyFrame = (width: number, height: number) =>
  Uint8Array.of(0x10, 0, 0, 0x9d, 1, 0x2a, width & 255, width >> 8, height & 255, height >> 8);
const DELTA = Uint8Array.of(0x11, 0, 0);

function tapped() {
  const asked = vi.fn();
  const tap = Object.assign(new Emitter<{ unit: readonly [AccessUnit] }>(), {
    requestKeyFrame: asked,
  });
  let open = false;
  const send = vi.fn(({ key }: { key: boolean }) => {
    open ||= key;
    return open;
  });
  const onMisfit = vi.fn();
  new SourceTap({
    tap: tap as unknown as MediaTap,
    order: { send } as unknown as SdOrder,
    fits: ({ width }) => width >= 800,
    onMisfit,
  });
  const give = (payload: Uint8Array, atUs: number | null = 1) => {
    const capturedUs = atUs ?? undefined;
    tap.emit('unit', { key: payload !== DELTA, timestamp: 0, capturedUs, payload });
  };
  return { give, asked, send, onMisfit };
}

it('asks for a key frame where the worker needs one, and not again at once', () => {
  const { give, asked, send } = tapped();
  for (let i = 0; i < 5; i++) give(DELTA);
  expect(asked).toHaveBeenCalledTimes(1);
  give(keyFrame(1280, 720));
  give(DELTA);
  expect(send).toHaveBeenCalledTimes(7);
  expect(asked).toHaveBeenCalledTimes(1);
});

it('waits until it is known when pictures were taken', () => {
  const { give, asked, send } = tapped();
  give(keyFrame(1280, 720), null);
  expect(send).not.toHaveBeenCalled();
  give(DELTA);
  expect(asked).toHaveBeenCalledTimes(1);
});

it('stops at the first key frame of a size that may not be made smaller', () => {
  const { give, send, onMisfit } = tapped();
  give(keyFrame(1280, 720));
  give(keyFrame(640, 360));
  give(DELTA);
  expect(onMisfit).toHaveBeenCalledTimes(1);
  expect(send).toHaveBeenCalledTimes(1);
});
