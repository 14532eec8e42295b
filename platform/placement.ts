import type { NodeRecord } from '#contracts';
import { sha256Hex } from './tokens.ts';

/**
 * The call server that an event's WebRTC belongs to: publishers, viewers and
 * renditions meet there. Everybody who knows the nodes comes to the same one,
 * and when one comes or goes only its own share of the events moves (rendezvous
 * hashing). Undefined where there is none.
 */
export function callServerOf<Node extends Pick<NodeRecord, 'nodeId'>>(
  eventId: string,
  nodes: readonly Node[],
): Node | undefined {
  let best: { node: Node; weight: string } | undefined;
  for (const node of nodes) {
    const weight = sha256Hex(`${eventId} ${node.nodeId}`);
    if (best === undefined || weight > best.weight) best = { node, weight };
  }
  return best?.node;
}
