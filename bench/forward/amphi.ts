import { fileURLToPath } from 'node:url';
import { EXTENSION_URIS } from '#protocol';
import { startChild } from '../child.ts';
import type { Contender, Surroundings } from './contender.ts';
import { RTX_PAYLOAD_TYPE, TRANSPORT_CC_ID } from './messages.ts';

const MAIN = fileURLToPath(new URL('./amphi-main.js', import.meta.url));

/** `congestionControl`: viewers report arrivals, and what is sent to them is steered by that. */
export async function startAmphi(
  { namespace, core, crowd }: Surroundings,
  { congestionControl }: { congestionControl: boolean },
): Promise<Contender> {
  const server = await startChild(MAIN, [namespace.inside], core, namespace.name);
  const { base } = server.greeting as { base: string };
  const exchange = async (kind: 'whip' | 'whep', offer: string): Promise<string> => {
    const response = await fetch(`${base}/${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: offer,
    });
    const body = await response.text();
    if (response.status !== 201) throw new Error(`${kind}: ${response.status} ${body}`);
    return body;
  };
  return {
    name: congestionControl ? 'amphi' : 'amphi, no transport-cc',
    pid: server.pid,
    publish: async (peer) => {
      const offer = withTransportCc(await crowd.offer(peer, 'SendOnly'), congestionControl);
      await crowd.answer(peer, await exchange('whip', offer));
    },
    play: async (peer) => {
      const offer = withTransportCc(await crowd.offer(peer, 'RecvOnly'), congestionControl);
      await crowd.answer(peer, await exchange('whep', offer), congestionControl);
    },
    close: async () => {
      server.stop();
      await server.exited;
    },
  };
}

/** What browsers offer and the peers' library does not write. */
const withTransportCc = (sdp: string, wanted: boolean): string =>
  wanted
    ? sdp
        .replace(/(m=video .*)\r\n/, `$1 ${RTX_PAYLOAD_TYPE}\r\n`)
        .replace(/(a=rtpmap:(\d+) VP8\/90000\r\n)/, (line, _all, type) =>
          [
            line.trimEnd(),
            `a=rtcp-fb:${type} transport-cc`,
            `a=extmap:${TRANSPORT_CC_ID} ${EXTENSION_URIS.transportCc}`,
            `a=rtpmap:${RTX_PAYLOAD_TYPE} rtx/90000`,
            `a=fmtp:${RTX_PAYLOAD_TYPE} apt=${type}`,
            '',
          ].join('\r\n'),
        )
    : sdp;
