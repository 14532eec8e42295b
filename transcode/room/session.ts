import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { AmphiError, type Logger } from '#base';
import { FrameReader, frame } from '#callserver';
import {
  ROOM_RENDITION_OPENING,
  ROOM_RENDITION_UNIT,
  ROOM_RENDITIONS_PATH,
  type RoomRenditionJob,
  readRenditionUnit,
  renditionUnitHeader,
  roomRenditionOpeningSchema,
} from '#contracts';
import { type NodeClient, readProblem, validate } from '#platform';
import { Scaler } from './scaler.ts';

/** A call server that sends nothing for so long has gone, or has nothing to be made smaller. */
const SILENCE_MS = 15_000;
/** A call server that does not take its media in time loses some, up to the next key frame. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

export interface RoomRenditionOptions {
  nodes: NodeClient;
  log: Logger;
}

/**
 * Does a job once: takes the source from its call-server node, and brings the
 * smaller version back, until the node ends it. Throws `not_found` when nobody
 * wants it there any more, and what else goes wrong: the job may be tried again.
 */
export async function makeRoomRendition(
  job: RoomRenditionJob,
  { nodes, log }: RoomRenditionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { roomId, producerId, nodeId } = job;
  const node = (await nodes.nodes('callserver')).find((one) => one.nodeId === nodeId);
  if (node === undefined) throw new AmphiError('not_found', `call server ${nodeId} has gone`);
  const post = request(`${node.url}${ROOM_RENDITIONS_PATH}/${roomId}/${producerId}`, {
    method: 'POST',
    agent: false,
    signal,
    headers: {
      authorization: await nodes.authorization(),
      'content-type': 'application/octet-stream',
    },
  });
  post.setNoDelay(true);
  try {
    await exchange(post, await answerOf(post), log.child({ roomId, producerId }));
  } finally {
    post.on('error', () => {});
    post.destroy();
  }
}

function answerOf(post: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    post.once('error', reject);
    post.once('response', (res) => {
      if (res.statusCode === 200) resolve(res);
      else readProblem(res).then(reject, reject);
    });
    post.setTimeout(SILENCE_MS, () => post.destroy(new AmphiError('timeout')));
    post.flushHeaders();
  });
}

/** Until the answer ends. */
async function exchange(post: ClientRequest, res: IncomingMessage, log: Logger): Promise<void> {
  const reader = new FrameReader();
  let scaler: Scaler | undefined;
  try {
    for await (const chunk of res) {
      for (const { kind, payload } of reader.push(chunk as Buffer)) {
        if (scaler !== undefined && kind === ROOM_RENDITION_UNIT) {
          scaler.push(readRenditionUnit(payload));
        } else if (scaler === undefined && kind === ROOM_RENDITION_OPENING) {
          scaler = scalerOf(post, payload);
          // Its end is the end of the exchange.
          scaler.ended.then((reason) => res.destroy(new AmphiError('internal', reason)));
        } else {
          throw new AmphiError('protocol_violation', 'an unexpected frame');
        }
      }
    }
    log.info({ dropped: scaler?.dropped ?? 0 }, 'smaller picture for a room is wanted no more');
  } finally {
    await scaler?.close();
  }

  function scalerOf(to: ClientRequest, payload: Buffer): Scaler {
    const opening = validate(roomRenditionOpeningSchema, JSON.parse(payload.toString()));
    const { width, height, kbps } = opening;
    log.info({ width, height, kbps }, 'smaller picture for a room');
    let needsKey = true;
    return new Scaler({
      opening,
      onUnit: ({ key, capturedUs, payload: made }) => {
        if (to.writableLength > MAX_BACKLOG_BYTES || (needsKey && !key)) {
          needsKey = true;
          return;
        }
        needsKey = false;
        const head = renditionUnitHeader({ track: 0, key, capturedUs });
        to.write(frame(ROOM_RENDITION_UNIT, head, made));
      },
    });
  }
}
