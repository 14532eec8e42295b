/** What somebody sends: each is a stream of its own, in a fixed place of a description. */
export const SLOTS = ['microphone', 'camera', 'screen', 'screen-audio'] as const;
export type Slot = (typeof SLOTS)[number];

export const kindOf = (slot: Slot): 'audio' | 'video' =>
  slot === 'camera' || slot === 'screen' ? 'video' : 'audio';

/** The tracks that are sent now. */
export type OwnTracks = Readonly<Partial<Record<Slot, MediaStreamTrack>>>;
