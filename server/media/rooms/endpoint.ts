import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { AmphiError } from '#base';
import {
  MAX_OFFER_CHARACTERS,
  ROOM_BEAT_MS,
  ROOM_COMMANDS,
  type RoomCommand,
  roomCommandBodySchema,
  roomIdSchema,
} from '#contracts';
import { bearerOf, readJson, sendJson, type TokenIssuer, validate } from '#platform';
import type { WorkerPool } from '../worker-pool.ts';
import type { Room } from './room.ts';
import type { Rooms } from './rooms.ts';

export const ROOMS_PATH = '/rooms';
/** JSON may write a character of an offer in six. */
const MAX_BODY_BYTES = 2 * MAX_OFFER_CHARACTERS;
/** An owner that does not read its notices is cut off; it comes back for what it missed. */
const MAX_BACKLOG_BYTES = 2 * 1024 * 1024;

const noticesQuery = z.strictObject({
  fence: z.coerce.number().int().min(0),
  incarnation: z.string().max(64),
  after: z.coerce.number().int().min(0),
});

const isCommand = (name: string): name is RoomCommand => Object.hasOwn(ROOM_COMMANDS, name);

/** What a call-server node answers below `/rooms`, to nodes of its own cluster (`contracts/room-media.ts`). */
export class RoomsEndpoint {
  readonly #rooms: Rooms;
  readonly #pool: WorkerPool;
  readonly #tokens: TokenIssuer;

  constructor(options: { rooms: Rooms; pool: WorkerPool; tokens: TokenIssuer }) {
    this.#rooms = options.rooms;
    this.#pool = options.pool;
    this.#tokens = options.tokens;
  }

  readonly handler = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    await this.#tokens.verify('node', bearerOf(req.headers.authorization));
    const [path = '', query = ''] = (req.url ?? '').split('?');
    const [roomId, name, ...more] = path.split('/').slice(2);
    if (roomId === undefined) {
      const { up, sessions } = this.#pool;
      sendJson(res, { rooms: this.#rooms.ids, workers: up, sessions });
      return;
    }
    if (name === undefined || more.length > 0 || !roomIdSchema.safeParse(roomId).success) {
      throw new AmphiError('not_found');
    }
    if (name === 'notices' && req.method === 'GET') {
      this.#notices(res, roomId, new URLSearchParams(query));
      return;
    }
    if (!isCommand(name)) throw new AmphiError('not_found', `no command "${name}"`);
    if (req.method !== 'POST') throw new AmphiError('method_not_allowed');
    sendJson(res, await this.#run(req, roomId, name));
  };

  async #run(req: IncomingMessage, roomId: string, name: RoomCommand): Promise<unknown> {
    const { fence, input } = await readJson(req, roomCommandBodySchema, MAX_BODY_BYTES);
    const valid = validate(ROOM_COMMANDS[name].input, input);
    const room: Room =
      name === 'open' ? await this.#rooms.open(roomId, fence) : this.#rooms.find(roomId, fence);
    // Name and input belong together by the table that both come from.
    const command = room.commands[name] as (input: unknown) => Promise<unknown>;
    return command(valid);
  }

  #notices(res: ServerResponse, roomId: string, query: URLSearchParams): void {
    const options = validate(noticesQuery, Object.fromEntries(query), 'parameters');
    const write = (line: string) => {
      if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
      else res.write(`${line}\n`);
    };
    res.setHeader('content-type', 'application/x-ndjson');
    const stop = this.#rooms.follow(roomId, options, {
      line: (line) => write(JSON.stringify(line)),
      end: () => res.end(),
    });
    res.flushHeaders();
    const beat = setInterval(() => write(''), ROOM_BEAT_MS);
    res.once('close', () => {
      clearInterval(beat);
      stop();
    });
  }
}
