/** The codecs that Amphi carries, by their names in SDP. */
export const CODECS = {
  opus: { kind: 'audio', clockRate: 48_000, channels: 2 },
  VP8: { kind: 'video', clockRate: 90_000, channels: 1 },
  VP9: { kind: 'video', clockRate: 90_000, channels: 1 },
  H264: { kind: 'video', clockRate: 90_000, channels: 1 },
  AV1: { kind: 'video', clockRate: 90_000, channels: 1 },
} as const satisfies Record<
  string,
  { kind: 'audio' | 'video'; clockRate: number; channels: number }
>;

export type CodecName = keyof typeof CODECS;

export const CODEC_NAMES = Object.keys(CODECS) as [CodecName, ...CodecName[]];

const BY_LOWER_CASE = new Map(CODEC_NAMES.map((name) => [name.toLowerCase(), name]));

/** Names in SDP compare without case (RFC 8866 6.6). */
export const codecNameOf = (name: string): CodecName | undefined =>
  BY_LOWER_CASE.get(name.toLowerCase());
