import { AmphiError } from '#base';
import { parseSdp, SdpError, type SessionDescription } from '#protocol';

/**
 * Reads an offer. Throws `bad_request` for what is no session description,
 * `limit_exceeded` when it has more sections than that.
 */
export function readOffer(offer: string, maxSections: number): SessionDescription {
  let description: SessionDescription;
  try {
    description = parseSdp(offer);
  } catch (cause) {
    if (!(cause instanceof SdpError)) throw cause;
    throw new AmphiError('bad_request', { detail: cause.message, cause });
  }
  if (description.media.length > maxSections) {
    throw new AmphiError('limit_exceeded', `an offer has ${maxSections} media sections at most`);
  }
  return description;
}

export const newSessionId = (): string =>
  String(crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n).slice(0, 18);

/** RFC 3550 8.1: random; the first few are left to those who count from one. */
export function nextSsrc(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.max(value, 256);
}
