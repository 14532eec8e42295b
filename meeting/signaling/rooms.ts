import { AmphiError, type Closable, isAmphiError, messageOf } from '#base';
import { CLOSE_CODES, type ClientMessage } from '#contracts';
import { extraConnection, Lease, nextFence } from '#platform';
import type { RoomMessage } from '../room/room.ts';
import type { EndReason } from '../room/state.ts';
import { errorFrame } from './frames.ts';
import type { Grant, Line } from './line.ts';
import { NodeRelay } from './relay.ts';
import { RoomHost, type RoomHostDeps } from './room-host.ts';

type First = Extract<ClientMessage, { type: 'join' | 'resume' }>;

/** What was done to a meeting over HTTP, for whoever holds its room. */
const MEETING_CHANGED_CHANNEL = 'amphi:meeting-changed';
interface Changed {
  meetingId: string;
  ended?: EndReason;
}

/** An empty room is let go of after so long. */
const EMPTY_MS = 60_000;
const SWEEP_MS = 10_000;
/** Messages that wait while the room is looked for. */
const MAX_MEANWHILE = 50;

interface Held {
  host: RoomHost;
  lease: Lease;
}

export interface RoomsDeps extends Omit<RoomHostDeps, 'hasCallServer'> {
  nodeId: string;
}

/** The rooms that this node holds, and the way to those that others hold. */
export class Rooms implements Closable {
  readonly #deps: RoomsDeps;
  readonly #held = new Map<string, Promise<Held | { heldBy: string }>>();
  /** Rooms that are being let go of. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Of each line that is here or relayed: the room here that it is in. */
  readonly #hosts = new Map<string, RoomHost>();
  /** Of each line whose room is still being looked for: what was said meanwhile. */
  readonly #opening = new Map<string, RoomMessage[]>();
  #relay: NodeRelay | undefined;
  #hasCallServer = false;
  #closed = false;

  private constructor(deps: RoomsDeps) {
    this.#deps = deps;
  }

  static async start(deps: RoomsDeps): Promise<Rooms> {
    const rooms = new Rooms(deps);
    const { redis, nodeId, log } = deps;
    const subscriber = extraConnection(redis, log, 'subscribe');
    const changes = extraConnection(redis, log, 'subscribe');
    rooms.#relay = await NodeRelay.start({
      redis,
      subscriber,
      nodeId,
      log,
      listener: {
        open: (line, { participantId, grant, message }) => {
          if (message.type !== 'join' && message.type !== 'resume') return;
          // The socket's node believed that the room is here; if it is not, the client comes again.
          rooms.#open(line, participantId, grant, message, () =>
            line.close(CLOSE_CODES.restart, 'the room has moved'),
          );
        },
        receive: (line, message) => {
          if (isRoomMessage(message)) rooms.receive(line, message);
        },
        gone: (line) => rooms.gone(line),
        closed: (line) => rooms.#forget(line),
      },
    });
    changes.on('message', (_channel: string, text: string) => rooms.#onChanged(text));
    await changes.subscribe(MEETING_CHANGED_CHANNEL);
    await rooms.#look();
    const keepAll = async () => {
      for (const host of await rooms.#hostsHere()) host.keep();
    };
    redis.on('ready', keepAll);
    const timer = setInterval(() => rooms.#sweep(), SWEEP_MS);
    const looking = setInterval(() => rooms.#look(), 2_000);
    rooms.#stop = async () => {
      redis.off('ready', keepAll);
      clearInterval(timer);
      clearInterval(looking);
      await rooms.#relay?.close();
      subscriber.disconnect();
      changes.disconnect();
    };
    return rooms;
  }

  #stop: () => Promise<void> = async () => {};

  /** How many are held here. */
  get size(): number {
    return this.#held.size;
  }

  /** Sockets in rooms that are held here, those of other nodes too. */
  get lines(): number {
    return this.#hosts.size;
  }

  /** A socket's first message: to the room, here or elsewhere. What is refused is said on the line. */
  open(line: Line, participantId: string, grant: Grant, message: First): Promise<void> {
    const { meetingId } = grant;
    return this.#open(line, participantId, grant, message, (nodeId) =>
      this.#relay?.open(nodeId, line, { meetingId, participantId, grant, message }),
    );
  }

  /** `heldBy`: what is done with the line when another node holds the room. */
  async #open(
    line: Line,
    participantId: string,
    grant: Grant,
    message: First,
    heldBy: (nodeId: string) => void,
  ): Promise<void> {
    const meanwhile: RoomMessage[] = [];
    this.#opening.set(line.id, meanwhile);
    try {
      const held = await this.#find(grant.meetingId);
      // The socket has gone.
      if (!this.#opening.delete(line.id)) return;
      if ('heldBy' in held) {
        heldBy(held.heldBy);
      } else {
        this.#hosts.set(line.id, held.host);
        held.host.open(line, participantId, grant, message);
      }
      for (const said of meanwhile) this.receive(line, said);
    } catch (error) {
      this.#opening.delete(line.id);
      line.send(errorFrame(error, message.ref));
      // A database or Redis that is away comes back; a meeting that is over does not.
      const final = isAmphiError(error) && error.code !== 'unavailable';
      line.close(
        final ? CLOSE_CODES.notJoined : CLOSE_CODES.restart,
        isAmphiError(error) ? error.code : 'unavailable',
      );
    }
  }

  receive(line: Line, message: RoomMessage): void {
    const meanwhile = this.#opening.get(line.id);
    if (meanwhile !== undefined) {
      if (meanwhile.length < MAX_MEANWHILE) meanwhile.push(message);
      else line.send(errorFrame(new AmphiError('too_many'), message.ref));
      return;
    }
    const host = this.#hosts.get(line.id);
    if (host === undefined) this.#relay?.receive(line, message);
    else host.receive(line, message);
  }

  gone(line: Line): void {
    const host = this.#hosts.get(line.id);
    this.#forget(line);
    if (host === undefined) this.#relay?.gone(line);
    else host.gone(line);
  }

  #forget(line: Line): void {
    this.#opening.delete(line.id);
    this.#hosts.delete(line.id);
  }

  /** Tells whoever holds the room that its meeting was changed, or is over. */
  async changed(meetingId: string, ended?: EndReason): Promise<void> {
    const text = JSON.stringify({ meetingId, ...(ended === undefined ? {} : { ended }) });
    await this.#deps.redis.publish(MEETING_CHANGED_CHANNEL, text);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
    await Promise.all([...this.#held.keys()].map((meetingId) => this.#letGo(meetingId)));
  }

  /** The room here, taken if nobody has it; or who has it. */
  async #find(meetingId: string): Promise<Held | { heldBy: string }> {
    if (this.#closed) throw new AmphiError('unavailable', 'This node is going down');
    await this.#leaving.get(meetingId);
    const known = this.#held.get(meetingId);
    if (known !== undefined) return known;
    const finding = this.#take(meetingId);
    this.#held.set(meetingId, finding);
    const forget = () => {
      if (this.#held.get(meetingId) === finding) this.#held.delete(meetingId);
    };
    try {
      const found = await finding;
      if ('heldBy' in found) forget();
      return found;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #take(meetingId: string): Promise<Held | { heldBy: string }> {
    const { redis, nodeId, log } = this.#deps;
    const letGo = () => {
      this.#letGo(meetingId);
    };
    const lease = await Lease.acquire({
      redis,
      name: leaseName(meetingId),
      owner: nodeId,
      onLost: letGo,
      log,
    });
    if ('heldBy' in lease) return lease;
    try {
      const fence = await nextFence(redis, `meeting:${meetingId}`);
      const deps = { ...this.#deps, hasCallServer: () => this.#hasCallServer };
      const host = await RoomHost.open(deps, { meetingId, fence, onStale: letGo });
      return { host, lease };
    } catch (error) {
      await lease.close();
      throw error;
    }
  }

  #letGo(meetingId: string): Promise<void> {
    const held = this.#held.get(meetingId);
    if (held === undefined) return this.#leaving.get(meetingId) ?? Promise.resolve();
    this.#held.delete(meetingId);
    const leaving = held
      .then(async (found) => {
        if ('heldBy' in found) return;
        await found.host.close();
        await found.lease.close();
      })
      .catch((error) => {
        this.#deps.log.debug({ meetingId, reason: messageOf(error) }, 'room not closed in order');
      })
      .finally(() => {
        if (this.#leaving.get(meetingId) === leaving) this.#leaving.delete(meetingId);
      });
    this.#leaving.set(meetingId, leaving);
    return leaving;
  }

  async #hostsHere(): Promise<RoomHost[]> {
    const found = await Promise.allSettled(this.#held.values());
    return found.flatMap((one) =>
      one.status === 'fulfilled' && 'host' in one.value ? [one.value.host] : [],
    );
  }

  /** Lets go of rooms that nobody is in any more. */
  async #sweep(): Promise<void> {
    for (const host of await this.#hostsHere()) {
      const { emptySince, meetingId } = host;
      if (host.ended || (emptySince !== undefined && Date.now() - emptySince > EMPTY_MS)) {
        await this.#letGo(meetingId);
      }
    }
  }

  async #look(): Promise<void> {
    const before = this.#hasCallServer;
    try {
      this.#hasCallServer = (await this.#deps.nodes.nodes('callserver')).length > 0;
    } catch {
      this.#hasCallServer = false;
    }
    // What way media goes depends on it.
    if (before !== this.#hasCallServer) {
      for (const host of await this.#hostsHere()) host.tick();
    }
  }

  async #onChanged(text: string): Promise<void> {
    const { meetingId, ended } = JSON.parse(text) as Changed;
    const held = await this.#held.get(meetingId)?.catch(() => undefined);
    if (held === undefined || 'heldBy' in held) return;
    if (ended !== undefined) {
      held.host.end(ended);
      return;
    }
    try {
      held.host.update(await this.#deps.meetings.meeting(meetingId));
    } catch (error) {
      this.#deps.log.warn({ meetingId, reason: messageOf(error) }, 'changed meeting not read');
    }
  }
}

export const leaseName = (meetingId: string): string => `meeting:${meetingId}`;

/** What is said beside being in a room is dealt with at the socket. */
export const isRoomMessage = (message: ClientMessage): message is RoomMessage =>
  message.type !== 'join' && message.type !== 'resume' && message.type !== 'ping';
