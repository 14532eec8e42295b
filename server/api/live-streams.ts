import type { ServerResponse } from 'node:http';
import { AmphiError, type Closable, type Logger, messageOf } from '#base';
import { EVENT_CHANGED_CHANNEL, type EventLive, LIVE_CHANNEL, type LiveState } from '#contracts';
import { type Redis, SESSION_ENDED_CHANNEL, type Session } from '#platform';
import type { EventViews } from './event-views.ts';
import type { LiveReader } from './live-reader.ts';
import type { EventRepository } from './repository.ts';

export interface LiveStreamsDeps {
  events: EventRepository;
  views: EventViews;
  live: LiveReader;
  /** A connection of its own, for subscribing. */
  subscriber: Redis;
  log: Logger;
}

const MAX_STREAMS = 500;
/** Also the rhythm at which the origin is asked; live states come at least once a second. */
const REFRESH_MS = 2_000;
/** States that follow each other more closely are sent as one. */
const GATHER_MS = 100;
const HEARTBEAT_MS = 15_000;
/** A reader that leaves so much lying is not reading. */
const MAX_BACKLOG_BYTES = 512 * 1024;
const RECONNECT_AFTER_MS = 1_000;

interface Stream {
  res: ServerResponse;
  sessionId: string | undefined;
  close(): void;
}

/** An event that somebody looks at. */
interface Topic {
  eventId: string;
  streams: Set<Stream>;
  refresh: NodeJS.Timeout;
  gathering: NodeJS.Timeout | undefined;
  /** The newest announced state, until it has been sent. */
  announced: LiveState | undefined;
  sending: boolean;
}

/**
 * Server-sent events for the studio: what moves of an event, as it moves. One
 * question to the origin serves all who look at the same event.
 */
export class LiveStreams implements Closable {
  readonly #deps: LiveStreamsDeps;
  readonly #topics = new Map<string, Topic>();
  readonly #heartbeat: NodeJS.Timeout;
  #count = 0;

  private constructor(deps: LiveStreamsDeps) {
    this.#deps = deps;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Resolves once it hears of changes. */
  static async start(deps: LiveStreamsDeps): Promise<LiveStreams> {
    const streams = new LiveStreams(deps);
    const { subscriber } = deps;
    subscriber.on('message', (channel: string, text: string) => streams.#hear(channel, text));
    await subscriber.subscribe(LIVE_CHANNEL, EVENT_CHANGED_CHANNEL, SESSION_ENDED_CHANNEL);
    return streams;
  }

  /** Answers with a stream until the reader goes or its session is over. Throws `too_many`. */
  async open(eventId: string, res: ServerResponse, session: Session | undefined): Promise<void> {
    if (this.#count >= MAX_STREAMS) {
      throw new AmphiError('too_many', 'too many live views are open on this server');
    }
    // Counted before the wait: many may come in that time.
    this.#count++;
    let first: EventLive;
    try {
      first = await this.#now(eventId);
    } catch (error) {
      this.#count--;
      throw error;
    }
    if (res.destroyed) {
      this.#count--;
      return;
    }
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // A reverse proxy that gathers would hold every message back.
      'x-accel-buffering': 'no',
    });
    res.write(`retry: ${RECONNECT_AFTER_MS}\n\n`);
    const expiry =
      session === undefined
        ? undefined
        : setTimeout(() => res.end(), Math.min(session.expiresAt - Date.now(), 2 ** 31 - 1));
    const topic = this.#topic(eventId);
    const stream: Stream = { res, sessionId: session?.sessionId, close: () => res.end() };
    topic.streams.add(stream);
    res.once('close', () => {
      clearTimeout(expiry);
      topic.streams.delete(stream);
      this.#count--;
      if (topic.streams.size === 0) this.#forget(topic);
    });
    send(stream, 'live', first);
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (const topic of this.#topics.values()) {
      for (const stream of topic.streams) stream.close();
      this.#forget(topic);
    }
  }

  #topic(eventId: string): Topic {
    const known = this.#topics.get(eventId);
    if (known !== undefined) return known;
    const topic: Topic = {
      eventId,
      streams: new Set(),
      refresh: setInterval(() => this.#send(topic), REFRESH_MS),
      gathering: undefined,
      announced: undefined,
      sending: false,
    };
    this.#topics.set(eventId, topic);
    return topic;
  }

  #forget(topic: Topic): void {
    clearInterval(topic.refresh);
    clearTimeout(topic.gathering);
    this.#topics.delete(topic.eventId);
  }

  #hear(channel: string, text: string): void {
    if (this.#topics.size === 0) return;
    if (channel === SESSION_ENDED_CHANNEL) {
      for (const { streams } of this.#topics.values()) {
        for (const stream of streams) if (stream.sessionId === text) stream.close();
      }
    } else if (channel === EVENT_CHANGED_CHANNEL) {
      const topic = this.#topics.get(text);
      if (topic === undefined) return;
      for (const stream of topic.streams) send(stream, 'changed', {});
      this.#send(topic);
    } else {
      const state = this.#deps.live.parse(text);
      const topic = state === undefined ? undefined : this.#topics.get(state.eventId);
      if (topic === undefined) return;
      topic.announced = state;
      topic.gathering ??= setTimeout(() => {
        topic.gathering = undefined;
        this.#send(topic);
      }, GATHER_MS);
    }
  }

  /** Sends the present state to all who look; an answer that is still awaited serves for this one too. */
  async #send(topic: Topic): Promise<void> {
    if (topic.sending) return;
    topic.sending = true;
    const { announced } = topic;
    topic.announced = undefined;
    try {
      const now = await this.#now(topic.eventId, announced);
      for (const stream of topic.streams) send(stream, 'live', now);
    } catch (error) {
      // Deleted, or a dependency is away: the page learns it from its next call.
      this.#deps.log.debug(
        { eventId: topic.eventId, reason: messageOf(error) },
        'live state not sent',
      );
    } finally {
      topic.sending = false;
    }
  }

  async #now(eventId: string, announced?: LiveState): Promise<EventLive> {
    return this.#deps.views.now(await this.#deps.events.event(eventId), announced);
  }

  #beat(): void {
    for (const { streams } of this.#topics.values()) {
      for (const stream of streams) write(stream, ': still here\n\n');
    }
  }
}

function send(stream: Stream, type: 'live' | 'changed', data: unknown): void {
  write(stream, `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function write({ res }: Stream, text: string): void {
  if (res.writableEnded) return;
  if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
  else res.write(text);
}
