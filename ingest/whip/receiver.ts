import type { IncomingMessage, ServerResponse } from 'node:http';
import { AmphiError, type Logger, messageOf } from '#base';
import { FrameReader } from '#callserver';
import {
  PUBLICATION_EVENT_HEADER,
  PUBLICATION_OPENING,
  PUBLICATION_SOURCE_HEADER,
  type PublicationOpening,
  publicationOpeningSchema,
} from '#contracts';
import { sendProblem } from '#platform';
import type { Publisher, PublisherSink } from '../rtmp/session.ts';
import { StagePublication } from '../stage/stage-publication.ts';
import { Publication } from './publication.ts';

/** A stream on which nothing comes for so long has lost its call server. */
const IDLE_MS = 20_000;
/** What comes before the answer: the opening, and what followed it at once. */
const MAX_EARLY_FRAMES = 256;

export interface Admission {
  eventId: string;
  sourceId: string;
  sink: PublisherSink;
}

/** Decides about a publisher. Throws as for RTMP, and `event_not_found` or `source_not_found`. */
export type Admit = (opening: PublicationOpening, publisher: Publisher) => Promise<Admission>;

/**
 * Takes a publisher's media from the call server: answers when it has been
 * decided about, then reads until one of the two sides ends it.
 */
export async function receivePublication(
  req: IncomingMessage,
  res: ServerResponse,
  admit: Admit,
  log: Logger,
): Promise<void> {
  let publication: Pick<Publication, 'take' | 'end'> | undefined;
  let over: string | undefined;
  const close = (reason: string) => {
    if (over !== undefined) return;
    over = reason;
    publication?.end(reason);
    if (!res.headersSent) sendProblem(res, new AmphiError('conflict', reason));
    // What is said last must be out before the connection goes.
    else res.end(JSON.stringify({ reason }), () => req.destroy());
  };
  req.setTimeout(IDLE_MS, () => close('no media in time'));
  req.once('error', () => close('the call server has gone'));
  req.once('close', () => close('the call server has gone'));
  const early: { kind: number; payload: Buffer }[] = [];
  const reader = new FrameReader();
  const decide = async (opening: PublicationOpening) => {
    const { remoteAddress } = opening;
    const { eventId, sourceId, sink } = await admit(opening, { remoteAddress, close });
    if (over !== undefined) {
      sink.onEnd(over);
      return;
    }
    const own = { opening, sink, log: log.child({ eventId, sourceId }) };
    publication = opening.stage === true ? new StagePublication(own) : new Publication(own);
    res.writeHead(200, {
      'content-type': 'application/json',
      [PUBLICATION_EVENT_HEADER]: eventId,
      [PUBLICATION_SOURCE_HEADER]: sourceId,
    });
    res.flushHeaders();
    for (const { kind, payload } of early.splice(0)) publication.take(kind, payload);
  };
  let asked = false;
  req.on('data', (chunk: Buffer) => {
    if (over !== undefined) return;
    try {
      for (const { kind, payload } of reader.push(chunk)) {
        if (kind === PUBLICATION_OPENING && !asked) {
          asked = true;
          const opening = publicationOpeningSchema.parse(JSON.parse(payload.toString()));
          decide(opening).catch((error) => {
            if (over !== undefined) return;
            over = messageOf(error);
            sendProblem(res, error);
          });
        } else if (!asked) {
          throw new AmphiError('protocol_violation', 'an unexpected frame');
        } else if (publication !== undefined) {
          publication.take(kind, payload);
        } else if (early.push({ kind, payload: Buffer.from(payload) }) > MAX_EARLY_FRAMES) {
          throw new AmphiError('limit_exceeded', 'too much media before the answer');
        }
      }
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'publication broken off');
      close('the stream from the call server makes no sense');
    }
  });
}
