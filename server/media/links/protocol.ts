/**
 * `POST /worker` on a call-server node: one of its workers, for an owner on
 * another node. Body and answer are streams of the frames of the control protocol
 * both ways, for as long as both last. What is made over it ends with it.
 */
export const LINK_PATH = '/worker';
/** A kind of frame that says no more than that this end is there. */
export const LINK_BEAT = 2;
export const LINK_BEAT_MS = 1_000;
/** After so long without any frame the other end is taken for gone. */
export const LINK_SILENCE_MS = 4_000;
