import { copyBytes } from '#base';
import { H264Depacketizer, lengthPrefixed, Vp8Descriptor, Vp9Descriptor } from '#protocol';
import type { CodecName } from '../codecs.ts';

/** One access unit out of the payloads of its packets, which come in order and without a hole. */
export interface Depacketizer {
  /** Returns false when the payload does not fit: the unit is of no use. */
  add(payload: Uint8Array): boolean;
  /** The unit, and a clean start for the next one; undefined when it is not whole. */
  take(): { key: boolean; payload: Uint8Array } | undefined;
  reset(): void;
}

/** AV1 is forwarded between peers only: nothing here takes its units apart yet. */
export const DEPACKETIZERS: Readonly<Partial<Record<CodecName, () => Depacketizer>>> = {
  opus: opusDepacketizer,
  H264: h264Depacketizer,
  VP8: () => framedDepacketizer(new Vp8Descriptor()),
  VP9: () => framedDepacketizer(new Vp9Descriptor()),
};

function opusDepacketizer(): Depacketizer {
  let packet: Uint8Array | undefined;
  return {
    add(payload) {
      packet = copyBytes(payload);
      return true;
    },
    take() {
      const payload = packet;
      packet = undefined;
      return payload === undefined ? undefined : { key: true, payload };
    },
    reset() {
      packet = undefined;
    },
  };
}

const NAL_TYPE = 0x1f;
const NAL_IDR = 5;

/** NAL units with 4-byte lengths, as the rest of the live path has them. */
function h264Depacketizer(): Depacketizer {
  const units = new H264Depacketizer();
  return {
    add: (payload) => units.add(payload),
    take() {
      const whole = units.take();
      if (whole === undefined || whole.length === 0) return undefined;
      const key = whole.some((unit) => ((unit[0] ?? 0) & NAL_TYPE) === NAL_IDR);
      return { key, payload: lengthPrefixed(whole) };
    },
    reset: () => units.reset(),
  };
}

/** VP8 and VP9: a descriptor in front of each packet, the frame's bytes behind it. */
function framedDepacketizer(descriptor: Vp8Descriptor | Vp9Descriptor): Depacketizer {
  let parts: Uint8Array[] = [];
  let key = false;
  return {
    add(payload) {
      if (!descriptor.read(payload, 0, payload.length)) return false;
      if (parts.length === 0) {
        if (!descriptor.frameStart) return false;
        key = descriptor.keyFrame;
      }
      parts.push(copyBytes(payload.subarray(descriptor.size)));
      return true;
    },
    take() {
      if (parts.length === 0) return undefined;
      const payload = Uint8Array.from(Buffer.concat(parts));
      parts = [];
      return { key, payload };
    },
    reset() {
      parts = [];
    },
  };
}
