import { z } from 'zod';
import {
  displayNameSchema,
  meetingIdSchema,
  participantRoleSchema,
  pictureSchema,
} from '#contracts';

/** A socket as a room sees it, on this node or on another. */
export interface Line {
  /** Names it among all sockets of all nodes. */
  readonly id: string;
  send(text: string): void;
  /** Closes once what was sent before is out. */
  close(code: number, reason: string): void;
}

/** What a participant's token grants; its subject is the participant's id. */
export const grantSchema = z.object({
  meetingId: meetingIdSchema,
  displayName: displayNameSchema,
  role: participantRoleSchema,
  userId: z.string().optional(),
  /** Where the account's picture is. */
  picture: pictureSchema,
  /** Tells a browser from others, for bans. */
  mark: z.string(),
  /** Tells one address from others, for bounds. */
  network: z.string().optional(),
  /** Of the password that was shown for it, where the meeting had one. */
  passwordMark: z.string().optional(),
  /** It was handed out to somebody who was in already: it opens no further session. */
  resumeOnly: z.boolean().optional(),
});
export type Grant = z.infer<typeof grantSchema>;
