/**
 * What one RTMP connection may take. Until its publish is accepted a peer is a
 * stranger and gets little; a publisher gets what a generous encoder needs.
 */

/**
 * TLS handshakes under way: each costs more than anything else that a stranger
 * can ask for. Of one address, and in all.
 */
export const MAX_TLS_HANDSHAKES_PER_ADDRESS = 16;
export const MAX_TLS_HANDSHAKES = 128;

/** RTMP gives room for 65,599 chunk streams; encoders use four. */
export const MAX_CHUNK_STREAMS = 32;
export const MIN_CHUNK_SIZE = 32;
export const MAX_CHUNK_SIZE = 1024 * 1024;
/** The longest audio or video message: a key frame of 4K at its very best. */
export const MAX_MEDIA_BYTES = 8 * 1024 * 1024;
/** The longest command, metadata or control message. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** In unfinished messages, over all chunk streams of a connection together. */
export const MAX_BUFFERED_BYTES = {
  new: 256 * 1024,
  connected: 256 * 1024,
  /** Some encoders send their first key frame without waiting for the answer. */
  asking: 2 * 1024 * 1024,
  publishing: 24 * 1024 * 1024,
  done: 24 * 1024 * 1024,
} as const;
export const MAX_COMMANDS_BEFORE_PUBLISH = 64;
export const MAX_NAME_LENGTH = 512;
/**
 * Media that came in one piece with the publish command. While the answer is
 * pending nothing is read, so this is never more than one read and its rest.
 */
export const MAX_EARLY_BYTES = 512 * 1024;
/** Answers that the peer has not taken. */
export const MAX_UNSENT_BYTES = 256 * 1024;

export interface SessionTimeouts {
  /** For the TLS handshake, where there is one. */
  tlsMs: number;
  /** From the connection to a publish command, the TLS handshake included. */
  handshakeMs: number;
  /** From the publish command to its answer. */
  authorizeMs: number;
  /** Without sound or picture while publishing. */
  idleMs: number;
  /** For a refused peer to take its answer. */
  farewellMs: number;
}

export const DEFAULT_TIMEOUTS: SessionTimeouts = {
  tlsMs: 5_000,
  handshakeMs: 10_000,
  authorizeMs: 15_000,
  idleMs: 15_000,
  farewellMs: 2_000,
};
