import type { ConsumerParameters, ProducerParameters } from '../parameters.ts';

/** Both ends of a pipe are ours: nobody else has to be asked for numbers. */
const PAYLOAD_TYPE = 96;
const EXTENSIONS = {
  absSendTime: 2,
  absCaptureTime: 3,
  audioLevel: 4,
  videoOrientation: 5,
  dependencyDescriptor: 6,
} as const;

/** A producer's way through a pipe: each of its streams by itself, and what comes out at the other end. */
export interface PipedProducer {
  /** At the near end, by stream. */
  consumers: ConsumerParameters[];
  /** At the far end. */
  producer: ProducerParameters;
}

/**
 * What is lost on the way is sent again as it was, so that one SSRC a stream is
 * enough. `nextSsrc` gives one that the pipe has not had.
 */
export function pipeParameters(
  parameters: ProducerParameters,
  nextSsrc: () => number,
): PipedProducer {
  const ssrcs = parameters.encodings.map(() => nextSsrc());
  const { kind, mid, codec, keyFrameRequests } = parameters;
  return {
    consumers: ssrcs.map((ssrc, layer) => ({
      payloadType: PAYLOAD_TYPE,
      ssrc,
      nack: true,
      extensions: EXTENSIONS,
      layer,
    })),
    producer: {
      kind,
      mid,
      codec,
      payloadType: PAYLOAD_TYPE,
      nack: true,
      ...(keyFrameRequests === undefined ? {} : { keyFrameRequests }),
      extensions: EXTENSIONS,
      encodings: ssrcs.map((ssrc) => ({ ssrc })),
    },
  };
}
