import type { Agreed, Capabilities } from '#contracts';

/** What two devices can do together: of each kind what the weaker one bears. */
export function agree(caller: Capabilities, callee: Capabilities): Agreed {
  const width = least(caller.maxWidth, callee.maxWidth);
  const height = least(caller.maxHeight, callee.maxHeight);
  const forward = least(caller.uplink, callee.downlink);
  const backward = least(callee.uplink, caller.downlink);
  return {
    audioCodecs: common(caller.audioCodecs, callee.audioCodecs),
    videoCodecs: common(caller.videoCodecs, callee.videoCodecs),
    ...(width === undefined ? {} : { maxWidth: width }),
    ...(height === undefined ? {} : { maxHeight: height }),
    ...(forward === undefined ? {} : { forward }),
    ...(backward === undefined ? {} : { backward }),
  };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

/** MIME types are the same in either case (RFC 2045 5.1). */
function common(a: readonly string[] = [], b: readonly string[] = []): string[] {
  const known = new Set(b.map((codec) => codec.toLowerCase()));
  return a.filter((codec) => known.has(codec.toLowerCase()));
}
