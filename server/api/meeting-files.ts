import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AmphiError, systemCodeOf } from '#base';
import { chatFileSchema, fileIdSchema, meetingIdSchema } from '#contracts';
import type { MeetingFiles, MeetingService } from '#meeting';
import { bearerOf } from '#platform';
import { type Route, route } from './route.ts';

export interface MeetingFileRouteDeps {
  service: MeetingService;
  files: MeetingFiles;
}

const TAG = 'Meetings';
const BYTES = 'application/octet-stream';
/** An upload of which nothing comes for so long is given up. */
const IDLE_MS = 30_000;
const meetingParams = z.object({ meetingId: meetingIdSchema });
const fileParams = z.object({ meetingId: meetingIdSchema, fileId: fileIdSchema });
/** The rest of its safety is for whoever keeps it. */
const uploadQuery = z.strictObject({
  name: z.string().min(1).max(255).describe('The name of the file, with its ending'),
});

/** Files in chats. All calls take the token of somebody who is in the meeting. */
export function meetingFileRoutes({ service, files }: MeetingFileRouteDeps): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/meetings/{meetingId}/files',
      summary:
        'Uploads a file for the chat, by who is in the meeting (participant’s token); a `chat` message with its `fileId` shows it',
      tag: TAG,
      access: 'public',
      params: meetingParams,
      query: uploadQuery,
      bodyType: BYTES,
      answers: { status: 201, schema: chatFileSchema, description: 'The file, in no message yet' },
      handle: async ({ params, query, req }) => {
        const { meetingId } = params;
        const { participantId, role, person, present } = await presentOf(service, meetingId, req);
        service.requireChat(await service.meeting(meetingId), role);
        return files.take({
          meetingId,
          fromId: participantId,
          person,
          present,
          name: query.name,
          size: lengthOf(req),
          body: bodyOf(req),
        });
      },
    }),
    route({
      method: 'get',
      path: '/api/meetings/{meetingId}/files/{fileId}',
      summary: 'A file of the chat, to be saved; for who is in the meeting (participant’s token)',
      tag: TAG,
      access: 'public',
      params: fileParams,
      answers: { status: 200, type: BYTES, description: 'Its bytes' },
      handle: async ({ params, req, res }) => {
        const { meetingId, fileId } = params;
        const reader = await presentOf(service, meetingId, req);
        const { file, size, body } = await files.open(meetingId, fileId, reader);
        res.status(200).attachment(file.name);
        // Whatever it is, nothing of it runs here.
        res.setHeader('content-type', file.picture?.type ?? BYTES);
        res.setHeader('content-length', size);
        res.setHeader('x-content-type-options', 'nosniff');
        res.setHeader('content-security-policy', "sandbox; default-src 'none'");
        res.setHeader('cross-origin-resource-policy', 'same-origin');
        res.setHeader('cache-control', 'private, no-store');
        await pipeline(body, res).catch((error: unknown) => {
          // Who asked has gone.
          if (systemCodeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
        });
        return undefined;
      },
    }),
  ];
}

const presentOf = (service: MeetingService, meetingId: string, req: IncomingMessage) =>
  service.present(meetingId, bearerOf(req.headers.authorization));

/** Throws `unsupported_media` or `bad_request`. */
function lengthOf({ headers }: IncomingMessage): number {
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== BYTES) {
    throw new AmphiError('unsupported_media', `Send the file as ${BYTES}`);
  }
  const length = Number(headers['content-length']);
  if (!Number.isSafeInteger(length)) {
    throw new AmphiError('bad_request', 'Say the length of the file (Content-Length)');
  }
  return length;
}

/** The body, unless nothing comes for too long. */
async function* bodyOf(req: IncomingMessage): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => req.destroy(new AmphiError('timeout')), IDLE_MS);
  try {
    for await (const chunk of req) {
      timer.refresh();
      yield chunk as Buffer;
    }
  } finally {
    clearTimeout(timer);
  }
}
