import type { Micros } from '#base';

/**
 * One access unit on the epoch timeline: the currency of the live path inside
 * a process. Every sample carries wall-clock time from the moment it enters.
 * Its payload may be a view of memory that is used again: whoever keeps a unit
 * beyond the call in which it was handed over takes a copy.
 */
export type MediaUnit = VideoUnit | AudioUnit;

export interface VideoUnit {
  track: 'video';
  codec: 'h264';
  pts: Micros;
  dts: Micros;
  key: boolean;
  /** NAL units with 4-byte lengths (ISO/IEC 14496-15). */
  payload: Uint8Array;
}

export interface AudioUnit {
  track: 'audio';
  codec: 'aac';
  pts: Micros;
  dts: Micros;
  key: true;
  /** One raw AAC frame. */
  payload: Uint8Array;
}

/** What a decoder must know before the units that follow it. */
export type MediaConfig =
  /** AVCDecoderConfigurationRecord. */
  | { track: 'video'; codec: 'h264'; bytes: Uint8Array }
  /** AudioSpecificConfig. */
  | { track: 'audio'; codec: 'aac'; bytes: Uint8Array };
