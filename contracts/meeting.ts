import { z } from 'zod';
import { textSchema } from './text.ts';

/** Rooms: bodies and answers of `/api/meetings`. What is said on the socket is in `signaling.ts`. */

/** Four groups of four characters of lower-case Crockford base 32: 80 random bits. */
export const meetingIdSchema = z
  .string()
  .regex(
    /^[0-9a-hjkmnp-tv-z]{4}(?:-[0-9a-hjkmnp-tv-z]{4}){3}$/,
    'must look like 4h2k-9xqe-m0tz-77ab',
  )
  .describe('Unguessable: who knows it may knock')
  .meta({ examples: ['4h2k-9xqe-m0tz-77ab'] });

export const participantIdSchema = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{12}$/, 'must be 12 characters of lower-case Crockford base 32');

/**
 * What may be done: a viewer sees, hears and chats; a participant sends, too; a
 * co-host moderates; a host also names hosts and ends the meeting.
 */
export const participantRoleSchema = z.enum(['host', 'co-host', 'participant', 'viewer']);
export type ParticipantRole = z.infer<typeof participantRoleSchema>;

export const displayNameSchema = textSchema.min(1).max(60).describe('Shown as plain text');

/** Which way media goes: straight between people, or over the call server. */
export const mediaRouteSchema = z
  .object({
    peers: z.enum(['mesh', 'callserver']),
    reason: z.string().describe('Why, in plain words'),
  })
  .meta({ id: 'MediaRoute' });
export type MediaRoute = z.infer<typeof mediaRouteSchema>;

const whoMay = z.enum(['everyone', 'hosts', 'nobody']);
const settings = z.object({
  waitingRoom: z.boolean().describe('A host lets people in one by one'),
  locked: z.boolean().describe('Nobody new comes in, hosts excepted'),
  muteOnEntry: z.boolean(),
  capacity: z.int().min(2).max(500).describe('So many people at most, the waiting ones aside'),
  entryRole: z.enum(['participant', 'viewer']).describe('What people come in as'),
  chat: whoMay.describe('Who may write'),
  screenShare: whoMay,
  unmuteSelf: z.boolean().describe('Whether people may unmute without being asked to'),
  whenHostLeaves: z
    .enum(['hand-over', 'stay', 'end'])
    .describe(
      'When the last host has left: a co-host or participant is host until one comes in again; it goes on without one; it ends',
    ),
  route: z
    .enum(['auto', 'callserver'])
    .describe('Which way media goes: as is best, or always over the call server'),
});

export const meetingSettingsSchema = settings
  .extend({ hasPassword: z.boolean() })
  .meta({ id: 'MeetingSettings' });
export type MeetingSettings = z.infer<typeof meetingSettingsSchema>;

const password = z.string().min(1).max(200);
const settingsInput = z.strictObject(settings.shape).partial();
/** Calendars write years with four digits (RFC 5545 3.3.4); the end may lie a day behind the start. */
const LATEST_START = Date.UTC(9999, 11, 30);
/** Start times are whole milliseconds since the epoch, or ISO 8601 with an offset. */
const startTime = z
  .union([z.iso.datetime({ offset: true }), z.int()])
  .transform((at) => new Date(at).getTime())
  .pipe(z.int('must be between 1970 and 9999').min(0).max(LATEST_START))
  .describe('ISO 8601 with an offset, or milliseconds since the epoch');
const title = textSchema.min(1).max(140);

export const createMeetingSchema = z.strictObject({
  title,
  startTime: startTime.optional(),
  durationMinutes: z.int().min(5).max(1_440).optional().describe('For the calendar only'),
  settings: settingsInput.extend({ password: password.optional() }).optional(),
});
export type CreateMeeting = z.input<typeof createMeetingSchema>;

export const patchMeetingSchema = z
  .strictObject({
    title,
    startTime: startTime.nullable(),
    durationMinutes: z.int().min(5).max(1_440),
    settings: settingsInput.extend({ password: password.nullable().optional() }),
  })
  .partial();
export type PatchMeeting = z.input<typeof patchMeetingSchema>;

export const createdMeetingSchema = z.object({
  meetingId: meetingIdSchema,
  joinUrl: z.string().describe('For everybody'),
  hostToken: z
    .string()
    .describe('Bearer token that makes whoever joins with it a host; shown this once'),
  calendarUrl: z.string().describe('The meeting as a calendar file (RFC 5545)'),
});
export type CreatedMeeting = z.infer<typeof createdMeetingSchema>;

/**
 * `idle`: nobody is in it; `scheduled`: nobody is in it and its start time is to
 * come; `active`: somebody is; `ended`: its host has ended it for good.
 */
export const meetingStatusSchema = z.enum(['scheduled', 'idle', 'active', 'ended']);

export const meetingParticipantSchema = z.object({
  participantId: participantIdSchema,
  displayName: z.string(),
  role: participantRoleSchema,
});

export const meetingViewSchema = z
  .object({
    meetingId: meetingIdSchema,
    title: z.string(),
    host: z.string().optional().describe('Name of the host who is there, or who made it'),
    status: meetingStatusSchema,
    startTime: z.number().optional().describe('Milliseconds since the epoch'),
    durationMinutes: z.number().optional(),
    createdAt: z.number().describe('Milliseconds since the epoch'),
    settings: meetingSettingsSchema,
    participantCount: z.number(),
    participants: z
      .array(meetingParticipantSchema)
      .describe('Who is in it; empty for who is neither in it nor its host'),
    route: mediaRouteSchema
      .optional()
      .describe('Which way media goes now and why; for who is in it'),
    joinUrl: z.string(),
    youAreHost: z
      .boolean()
      .describe(
        'Whether who asks comes in as host: by the host token, as the account that made it, or as admin',
      ),
  })
  .meta({ id: 'Meeting' });
export type MeetingView = z.infer<typeof meetingViewSchema>;

export const meetingListSchema = z.object({
  items: z.array(meetingViewSchema),
  cursor: z.string().optional().describe('Pass it as `cursor` for the next page'),
});

export const joinMeetingSchema = z.strictObject({
  userId: z.string().max(64).optional().describe('Of the signed-in user; refused for another’s'),
  displayName: displayNameSchema,
  password: z.string().max(200).optional(),
});
export type JoinMeeting = z.input<typeof joinMeetingSchema>;

/** What a browser's `RTCPeerConnection` takes as one of `iceServers`. */
export const iceServerSchema = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServerSchema>;

export const joinedMeetingSchema = z.object({
  participantId: participantIdSchema,
  webSocketUrl: z.string().describe('With the token in it'),
  iceServers: z.array(iceServerSchema),
  status: z.enum(['admitted', 'waiting']),
  token: z.string().describe('Opens the socket once, within five minutes'),
});
export type JoinedMeeting = z.infer<typeof joinedMeetingSchema>;

export const successSchema = z.object({ success: z.literal(true) });

/** The one question that is asked of who has left. */
export const surveyAnswerSchema = z.strictObject({
  rating: z.int().min(1).max(5).describe('How it was: 1 bad, 5 very good'),
});
export type SurveyAnswer = z.infer<typeof surveyAnswerSchema>;

/** So long the sessions of a network test are kept. */
export const NETWORK_TEST_MS = 15_000;
const description = z.string().min(1).max(100_000).describe('Session description (RFC 8866)');

/** Both offers of a network test: what the one sends, the other gets back. */
export const networkTestSchema = z.strictObject({
  send: z.strictObject({
    sdp: description,
    mid: z.string().min(1).max(32).describe('Of the section with the test picture'),
  }),
  receive: z.strictObject({ sdp: description }),
});
export type NetworkTest = z.input<typeof networkTestSchema>;

export const networkTestAnswerSchema = z.object({
  send: z.string().describe('Answer to the offer to send'),
  receive: z.string().describe('Answer to the offer to receive'),
  iceServers: z.array(iceServerSchema),
});
export type NetworkTestAnswer = z.infer<typeof networkTestAnswerSchema>;
