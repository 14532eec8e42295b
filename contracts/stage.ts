import { z } from 'zod';

/**
 * A room on the way onto the stage of an event: what the call server sends on a
 * publication whose opening says `stage`, beside the units. First a cast, and a
 * new one with every change.
 */

export const MAX_CAST = 32;

/** Everybody alike, or whoever speaks large and others beside. */
export const stageLayoutSchema = z.enum(['grid', 'speaker']);
export type StageLayout = z.infer<typeof stageLayoutSchema>;

const track = z.int().min(0).max(0xffff);

const castMemberSchema = z.strictObject({
  id: z.string().min(1).max(80),
  name: z.string().max(200),
  /** Numbers of their tracks; left out while they send none. */
  sound: track.optional(),
  picture: track.optional(),
  /** A shared screen is shown whole, a camera fills its tile. */
  screen: z.boolean().optional(),
});
export type CastMember = z.infer<typeof castMemberSchema>;

export const castSchema = z.strictObject({
  layout: stageLayoutSchema,
  /** In the order in which they are shown; with `speaker` the first one is large. */
  members: z.array(castMemberSchema).max(MAX_CAST),
});
export type Cast = z.infer<typeof castSchema>;

/** Kinds of frames, beside those of a publication. */
export const STAGE_CAST = 2;
/** A unit of one track: the track's number (2 bytes, big endian), then a publication's unit. */
export const STAGE_UNIT = 3;
export const STAGE_TRACK_BYTES = 2;

/** In Redis: which meeting viewers of an event may join from its page. */
export const stageDoorKey = (eventId: string): string => `amphi:stage-door:${eventId}`;
export const STAGE_DOOR_SECONDS = 60;
