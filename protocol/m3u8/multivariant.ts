/** The multivariant playlist (draft-pantos-hls-rfc8216bis 4.4.6). Pure text. */

export interface Variant {
  uri: string;
  /** Peak and average bits a second, as measured. */
  bandwidth: number;
  averageBandwidth: number;
  codecs: string;
  /** Absent for sound alone. */
  video?: { width: number; height: number; frameRate: number };
  name: string;
}

export interface IFrameVariant {
  uri: string;
  bandwidth: number;
  codecs: string;
  width: number;
  height: number;
}

export function multivariantPlaylist(options: {
  variants: readonly Variant[];
  iframes: readonly IFrameVariant[];
  /** Name of the query parameter that URIs repeat as a variable. */
  queryParam?: string;
}): string {
  const { queryParam } = options;
  const lines = ['#EXTM3U'];
  if (queryParam !== undefined) {
    lines.push('#EXT-X-VERSION:11', `#EXT-X-DEFINE:QUERYPARAM="${queryParam}"`);
  }
  lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  for (const { uri, bandwidth, averageBandwidth, codecs, video, name } of options.variants) {
    const attributes = [
      `BANDWIDTH=${Math.ceil(bandwidth)}`,
      `AVERAGE-BANDWIDTH=${Math.ceil(averageBandwidth)}`,
      `CODECS="${codecs}"`,
      ...(video === undefined
        ? []
        : [
            `RESOLUTION=${video.width}x${video.height}`,
            `FRAME-RATE=${video.frameRate.toFixed(3)}`,
          ]),
      `NAME="${name}"`,
    ];
    lines.push(`#EXT-X-STREAM-INF:${attributes.join(',')}`, uri);
  }
  for (const { uri, bandwidth, codecs, width, height } of options.iframes) {
    lines.push(
      `#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=${Math.ceil(bandwidth)},CODECS="${codecs}",RESOLUTION=${width}x${height},URI="${uri}"`,
    );
  }
  lines.push('');
  return lines.join('\n');
}
