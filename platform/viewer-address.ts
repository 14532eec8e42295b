/**
 * The address of a viewer behind `trusted` reverse proxies: each adds the
 * address that it saw at the end of X-Forwarded-For, and what stands further
 * left is the viewer's own invention.
 */
export function viewerAddress(
  remote: string,
  forwardedFor: string | undefined,
  trusted: number,
): string {
  if (trusted === 0 || forwardedFor === undefined) return remote;
  const addresses = forwardedFor.split(',').map((address) => address.trim());
  return addresses.at(-trusted) ?? addresses[0] ?? remote;
}
