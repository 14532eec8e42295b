import {
  AmphiError,
  type Closable,
  delay,
  Emitter,
  isAmphiError,
  type Logger,
  messageOf,
} from '#base';
import {
  ROOM_BEAT_MS,
  ROOM_COMMANDS,
  type RoomCommand,
  type RoomCommandInput,
  type RoomCommandOutput,
  type RoomNotice,
  roomNodeLoadSchema,
  roomNoticeLineSchema,
} from '#contracts';
import type { NodeClient } from './node-client.ts';

const ROLE = 'callserver';
/** A stream without a sign of life for so long is taken for broken. */
const SILENCE_MS = 3 * ROOM_BEAT_MS;
const RETRY_MS = 200;
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;
/** A node that cannot be reached for so long is given up, and the room opened on another one. */
const GIVE_UP_MS = 2_000;

export interface RoomMediaOptions {
  nodes: NodeClient;
  roomId: string;
  /** This owner's fencing number: greater than any owner's before. */
  fence: number;
  log: Logger;
}

type Events = {
  notice: readonly [RoomNotice];
  /** Another owner has taken the room over, or it was closed; nothing follows. */
  closed: readonly [reason: 'taken-over' | 'ended'];
};

type Opened = RoomCommandOutput<'open'>;

/**
 * A room's media, as its owner has it (`contracts/room-media.ts`): finds the
 * call-server node that has the room, or makes it on the one with least to do,
 * sends commands and hears notices. When the node goes, the room is made again on
 * another one: notices `lost`, then `ready`.
 */
export class RoomMedia extends Emitter<Events> implements Closable {
  readonly #options: RoomMediaOptions;
  readonly #abort = new AbortController();
  #url: string;
  #opened: Opened;
  #latest: number;
  #heardAt = performance.now();

  private constructor(options: RoomMediaOptions, url: string, opened: Opened) {
    super();
    this.#options = options;
    this.#url = url;
    this.#opened = opened;
    this.#latest = opened.latest;
  }

  /** Throws `unavailable` when no node takes it, `stale_fence` when a newer owner has it. */
  static async open(options: RoomMediaOptions): Promise<RoomMedia> {
    const { url, opened } = await openSomewhere(options);
    const room = new RoomMedia(options, url, opened);
    room.#follow();
    return room;
  }

  /** How things stood when the room was opened, or opened again: sessions and producers from before. */
  get opened(): Opened {
    return this.#opened;
  }

  /**
   * Throws the room's own errors (`ROOM_COMMANDS`), and `unavailable` when the node
   * cannot be reached or has lost the room: then `lost` and `ready` follow.
   */
  async command<Name extends RoomCommand>(
    name: Name,
    input: RoomCommandInput<Name>,
  ): Promise<RoomCommandOutput<Name>> {
    const { nodes, roomId, fence } = this.#options;
    if (this.#abort.signal.aborted) throw new AmphiError('closed', `room ${roomId} is closed`);
    return command(nodes, this.#url, roomId, name, { fence, input });
  }

  /** Closes this end; the room goes on until its lease ends, or another owner takes it. */
  async close(): Promise<void> {
    this.#abort.abort();
  }

  /** Ends the room and all that is in it. */
  async end(): Promise<void> {
    try {
      await this.command('close', {});
    } catch (error) {
      if (!isAmphiError(error, 'not_found') && !isAmphiError(error, 'unavailable')) throw error;
    }
    await this.close();
  }

  #finish(reason: Events['closed'][0]): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.emit('closed', reason);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#listen();
      } catch (error) {
        if (signal.aborted) return;
        if (isAmphiError(error, 'stale_fence')) return this.#finish('taken-over');
        const { roomId } = this.#options;
        this.#options.log.debug({ roomId, reason: messageOf(error) }, 'no notices of a room');
        const gone = isAmphiError(error, 'not_found');
        if (gone || performance.now() - this.#heardAt > GIVE_UP_MS) await this.#reopen();
      }
      await delay(RETRY_MS, signal).catch(() => {});
    }
  }

  /** Resolves when the stream, once there, has ended. */
  async #listen(): Promise<void> {
    const { nodes, roomId, fence } = this.#options;
    const { incarnation } = this.#opened;
    const query = `fence=${fence}&incarnation=${incarnation}&after=${this.#latest}`;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const stream = await nodes.stream(`${this.#url}/rooms/${roomId}/notices?${query}`, signal);
      stream.setEncoding('utf8');
      let rest = '';
      for await (const chunk of stream) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        this.#heardAt = performance.now();
        const lines = `${rest}${String(chunk)}`.split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_LINE_CHARACTERS) throw new AmphiError('protocol_violation');
        for (const line of lines) if (line !== '') this.#onLine(line);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #onLine(line: string): void {
    const parsed = roomNoticeLineSchema.safeParse(JSON.parse(line));
    if (!parsed.success) {
      // Of a newer node, perhaps. It is not asked for again for that.
      this.#options.log.warn({ reason: parsed.error.message }, 'a notice that is not known');
      return;
    }
    const { number, notice } = parsed.data;
    this.#latest = number;
    this.emit('notice', notice);
    if (notice.notice !== 'ended') return;
    // A node that stops is no end of the room.
    if (notice.reason !== 'shutdown') this.#finish('ended');
  }

  /** Its node has gone, or has forgotten it. */
  async #reopen(): Promise<void> {
    const before = this.#opened.incarnation;
    try {
      const { url, opened } = await openSomewhere(this.#options);
      if (this.#abort.signal.aborted) return;
      this.#url = url;
      this.#opened = opened;
      this.#latest = opened.latest;
      this.#heardAt = performance.now();
      if (opened.incarnation === before) return;
      this.emit('notice', { notice: 'lost' });
      if (opened.ready) this.emit('notice', { notice: 'ready', generation: opened.generation });
    } catch (error) {
      if (isAmphiError(error, 'stale_fence')) return this.#finish('taken-over');
      const { roomId } = this.#options;
      this.#options.log.warn({ roomId, reason: messageOf(error) }, 'no node takes the room');
    }
  }
}

/** On the node that has the room, else on the one with the fewest sessions a worker. */
async function openSomewhere(options: RoomMediaOptions): Promise<{ url: string; opened: Opened }> {
  const { nodes, roomId, fence } = options;
  const asked = await Promise.allSettled(
    (await nodes.nodes(ROLE)).map(async ({ url }) => ({
      url,
      load: roomNodeLoadSchema.parse(await nodes.callAt(url, '/rooms', { timeoutMs: GIVE_UP_MS })),
    })),
  );
  const busy = ({ sessions, workers }: { sessions: number; workers: number }) =>
    workers === 0 ? Number.POSITIVE_INFINITY : sessions / workers;
  const there = asked
    .flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    .sort((a, b) => busy(a.load) - busy(b.load));
  const node = there.find(({ load }) => load.rooms.includes(roomId)) ?? there[0];
  if (node === undefined) throw new AmphiError('unavailable', 'no call-server node answers');
  const { url } = node;
  return { url, opened: await command(nodes, url, roomId, 'open', { fence, input: {} }) };
}

async function command<Name extends RoomCommand>(
  nodes: NodeClient,
  url: string,
  roomId: string,
  name: Name,
  body: { fence: number; input: unknown },
): Promise<RoomCommandOutput<Name>> {
  const output = await nodes.callAt(url, `/rooms/${roomId}/${name}`, { body });
  return ROOM_COMMANDS[name].output.parse(output) as RoomCommandOutput<Name>;
}
