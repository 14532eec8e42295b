import { z } from 'zod';
import { type Closable, type Logger, messageOf } from '#base';
import { CLOSE_CODES, clientMessageSchema } from '#contracts';
import type { Redis } from '#platform';
import { grantSchema, type Line } from './line.ts';

/**
 * Between a node that has a socket and the node that holds its room, over Redis
 * sharded pub/sub, which loses what it cannot deliver: when it breaks, or a node
 * does not hear, the sockets are closed, and clients resume.
 */

const line = z.string();
const meetingId = z.string();
const relayedSchema = z.discriminatedUnion('kind', [
  /** From the socket's node to the room's. */
  z.object({
    kind: z.literal('open'),
    from: z.string(),
    line,
    meetingId,
    participantId: z.string(),
    grant: grantSchema,
    message: clientMessageSchema,
  }),
  z.object({ kind: z.literal('message'), from: z.string(), line, message: clientMessageSchema }),
  z.object({ kind: z.literal('gone'), line }),
  /** From the room's node to the socket's. */
  z.object({ kind: z.literal('send'), line, text: z.string() }),
  z.object({ kind: z.literal('close'), line, code: z.number(), reason: z.string() }),
  z.object({ kind: z.literal('beat') }),
]);
type Relayed = z.infer<typeof relayedSchema>;
type Open = Extract<Relayed, { kind: 'open' }>;
type Message = Extract<Relayed, { kind: 'message' }>['message'];

const channelOf = (nodeId: string): string => `amphi:signal:{${nodeId}}`;
const BEAT_MS = 2_000;

export interface RelayListener {
  /** A socket elsewhere opens a session in a room that is held here. */
  open(line: Line, opening: Open): void;
  receive(line: Line, message: Message): void;
  gone(line: Line): void;
  /** The room has closed it: nothing more comes by it, not even that it is gone. */
  closed(line: Line): void;
}

export class NodeRelay implements Closable {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #nodeId: string;
  readonly #listener: RelayListener;
  readonly #log: Logger;
  /** Sockets of this node in rooms elsewhere, by the id of the line, with the room's node. */
  readonly #ours = new Map<string, { line: Line; nodeId: string }>();
  /** Sockets elsewhere in rooms of this node. */
  readonly #theirs = new Map<string, { line: Line; nodeId: string }>();
  readonly #timer: NodeJS.Timeout;

  private constructor(options: {
    redis: Redis;
    subscriber: Redis;
    nodeId: string;
    listener: RelayListener;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#subscriber = options.subscriber;
    this.#nodeId = options.nodeId;
    this.#listener = options.listener;
    this.#log = options.log;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#subscriber.on('smessage', (_channel: string, text: string) => this.#onMessage(text));
    this.#subscriber.on('close', () => this.#breakAll());
  }

  static async start(options: {
    redis: Redis;
    /** A connection of its own, for subscribing. */
    subscriber: Redis;
    nodeId: string;
    listener: RelayListener;
    log: Logger;
  }): Promise<NodeRelay> {
    const relay = new NodeRelay(options);
    await options.subscriber.ssubscribe(channelOf(options.nodeId));
    return relay;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#breakAll();
    await this.#subscriber.sunsubscribe(channelOf(this.#nodeId)).catch(() => {});
  }

  /** Opens a session for a socket of this node in a room of that node. */
  open(nodeId: string, line: Line, opening: Omit<Open, 'kind' | 'from' | 'line'>): void {
    this.#ours.set(line.id, { line, nodeId });
    this.#send(nodeId, { kind: 'open', from: this.#nodeId, line: line.id, ...opening });
  }

  receive(line: Line, message: Message): void {
    const there = this.#ours.get(line.id);
    if (there === undefined) return;
    this.#send(there.nodeId, { kind: 'message', from: this.#nodeId, line: line.id, message });
  }

  gone(line: Line): void {
    const there = this.#ours.get(line.id);
    this.#ours.delete(line.id);
    if (there !== undefined) this.#send(there.nodeId, { kind: 'gone', line: line.id });
  }

  #onMessage(text: string): void {
    let relayed: Relayed;
    try {
      relayed = relayedSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'what another node says is not understood');
      return;
    }
    switch (relayed.kind) {
      case 'open': {
        const line = this.#lineTo(relayed.from, relayed.line);
        this.#theirs.set(line.id, { line, nodeId: relayed.from });
        this.#listener.open(line, relayed);
        break;
      }
      case 'message': {
        const there = this.#theirs.get(relayed.line);
        if (there !== undefined) this.#listener.receive(there.line, relayed.message);
        // It was let go of: the client comes again.
        else
          this.#lineTo(relayed.from, relayed.line).close(CLOSE_CODES.restart, 'the room has moved');
        break;
      }
      case 'gone': {
        const there = this.#theirs.get(relayed.line);
        this.#theirs.delete(relayed.line);
        if (there !== undefined) this.#listener.gone(there.line);
        break;
      }
      case 'send':
        this.#ours.get(relayed.line)?.line.send(relayed.text);
        break;
      case 'close': {
        const there = this.#ours.get(relayed.line);
        this.#ours.delete(relayed.line);
        there?.line.close(relayed.code, relayed.reason);
        break;
      }
    }
  }

  #lineTo(nodeId: string, id: string): Line {
    const line: Line = {
      id,
      send: (text) => this.#send(nodeId, { kind: 'send', line: id, text }),
      close: (code, reason) => {
        this.#theirs.delete(id);
        this.#listener.closed(line);
        this.#send(nodeId, { kind: 'close', line: id, code, reason });
      },
    };
    return line;
  }

  #send(nodeId: string, relayed: Relayed): void {
    // Nothing is queued for a Redis that is away: that would come at some other time.
    if (this.#redis.status !== 'ready') {
      this.#lost(nodeId);
      return;
    }
    this.#redis.spublish(channelOf(nodeId), JSON.stringify(relayed)).then(
      (heardBy) => {
        if (heardBy === 0) this.#lost(nodeId);
      },
      () => this.#lost(nodeId),
    );
  }

  /** Asks for a sign of life from every node that something goes to or comes from. */
  #beat(): void {
    const nodes = [...this.#ours.values(), ...this.#theirs.values()].map(({ nodeId }) => nodeId);
    for (const nodeId of new Set(nodes)) this.#send(nodeId, { kind: 'beat' });
  }

  /** That node does not hear: what is tied to it begins again. */
  #lost(nodeId: string): void {
    for (const [id, there] of this.#ours) {
      if (there.nodeId !== nodeId) continue;
      this.#ours.delete(id);
      there.line.close(CLOSE_CODES.restart, 'the room moves');
    }
    for (const [id, there] of this.#theirs) {
      if (there.nodeId !== nodeId) continue;
      this.#theirs.delete(id);
      this.#listener.gone(there.line);
    }
  }

  #breakAll(): void {
    const nodes = [...this.#ours.values(), ...this.#theirs.values()].map(({ nodeId }) => nodeId);
    for (const nodeId of new Set(nodes)) this.#lost(nodeId);
  }
}
