/**
 * The ICE servers of a session in the order of need, each step with what the
 * one before it had: directly, then by TURN over UDP, then by TURN over TCP and
 * TLS. Nobody allocates a relay who has no need of one. Pure.
 */
export function iceSteps(servers: readonly RTCIceServer[]): RTCIceServer[][] {
  const steps = [0, 1, 2].map((need) => servers.filter((server) => needOf(server) <= need));
  return steps.filter((step, i) => i === 0 || step.length > (steps[i - 1]?.length ?? 0));
}

function needOf({ urls }: RTCIceServer): 0 | 1 | 2 {
  const [url = ''] = [urls].flat();
  if (!/^turns?:/i.test(url)) return 0;
  const isOverUdp = /^turn:/i.test(url) && !/[?&]transport=tcp\b/i.test(url);
  return isOverUdp ? 1 : 2;
}
