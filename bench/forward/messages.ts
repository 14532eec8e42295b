/** What the benchmark says to a process of peers, and hears from it. */

/** Of the header extension, in the offers of all peers. */
export const TRANSPORT_CC_ID = 3;

/** Of retransmissions, which carry probes of the path, too. */
export const RTX_PAYLOAD_TYPE = 97;

export type PeerOrder =
  /** Make an offer to publish or to play; answered by `description`. */
  | { order: 'offer'; peer: string; direction: 'SendOnly' | 'RecvOnly'; sections: number }
  /** The other side's answer to that; `connected` follows, and with `tell` set `playing` at the first packet. */
  | { order: 'answer'; peer: string; sdp: string; feedback: boolean; tell: boolean }
  /** End the connection. */
  | { order: 'leave'; peer: string }
  /** Answer the other side's offer to play; `description` and `connected` follow. */
  | { order: 'accept'; peer: string; sdp: string }
  /** Send packets from now on, with a key frame every `keyEvery` packets, a multiple of ten. */
  | {
      order: 'send';
      peer: string;
      packetsPerSecond: number;
      packetBytes: number;
      keyEvery: number;
    }
  /** Forget the delays so far. */
  | { order: 'reset' }
  /** Answered by `delays`. */
  | { order: 'delays' };

export type PeerReport =
  | { report: 'ready' }
  | { report: 'description'; peer: string; sdp: string }
  | { report: 'connected'; peer: string }
  | { report: 'playing'; peer: string }
  | { report: 'failed'; peer: string; reason: string }
  /** Sorted milliseconds from the publisher's send to the arrival at a few of the peers. */
  | { report: 'delays'; ms: number[] };
