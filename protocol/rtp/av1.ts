const NEW_CODED_VIDEO_SEQUENCE = 0x08;

/** The aggregation header's N bit (AV1 RTP specification 4.4): a key frame's sequence begins with this packet. */
export const isAv1KeyFrame = (bytes: Uint8Array, offset: number, length: number): boolean =>
  length > 0 && ((bytes[offset] ?? 0) & NEW_CODED_VIDEO_SEQUENCE) !== 0;
