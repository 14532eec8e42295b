import { z } from 'zod';
import { AmphiError, type Closable, type Logger, messageOf, randomId } from '#base';
import type { Config } from '#config';
import {
  meetingIdSchema,
  NETWORK_TEST_MS,
  networkTestAnswerSchema,
  networkTestSchema,
} from '#contracts';
import type { MeetingService } from '#meeting';
import { Attempts, type NodeClient, networkOf, type Redis, RoomMedia } from '#platform';
import { iceServers } from '../media/ice-servers.ts';
import { type Route, route } from './route.ts';

/** On this node at once. */
const MAX_AT_ONCE = 10;
const LIMITS = { name: 'network-test', failures: 6, seconds: 60 };
const ROOM_ID_CHARACTERS = 12;
const TESTER = 'tester';

export interface NetworkTestDeps {
  config: Config;
  service: MeetingService;
  nodes: NodeClient;
  redis: Redis;
  log: Logger;
}

/** A short way to the call server and back, before one joins. */
export function networkTests(deps: NetworkTestDeps): { routes: Route[]; tests: NetworkTests } {
  const { config, service, redis } = deps;
  const tests = new NetworkTests(deps);
  const attempts = new Attempts(redis, LIMITS);
  const routes = [
    route({
      method: 'post',
      path: '/api/meetings/{meetingId}/network-test',
      summary:
        'Opens a session that sends and one that receives the same, for some seconds, to measure the way to the call server',
      tag: 'Meetings',
      access: 'public',
      params: z.object({ meetingId: meetingIdSchema }),
      body: networkTestSchema,
      answers: {
        status: 200,
        schema: networkTestAnswerSchema,
        description: 'The answers to the two offers',
      },
      handle: async ({ params, body, req }) => {
        const { endedAt } = await service.meeting(params.meetingId);
        if (endedAt !== null) throw new AmphiError('meeting_ended');
        await attempts.spend(networkOf(req.ip), 'Too many tests');
        const answers = await tests.run(body);
        return { ...answers, iceServers: iceServers(config.turn, Date.now()) };
      },
    }),
  ];
  return { routes, tests };
}

/** The rooms of tests, each with one person in it, who hears nobody but themselves. */
class NetworkTests implements Closable {
  readonly #nodes: NodeClient;
  readonly #log: Logger;
  readonly #open = new Map<RoomMedia, NodeJS.Timeout>();
  #opening = 0;

  constructor({ nodes, log }: Pick<NetworkTestDeps, 'nodes' | 'log'>) {
    this.#nodes = nodes;
    this.#log = log;
  }

  /** Throws `too_many`, `unavailable`, and what is wrong with an offer. */
  async run({ send, receive }: z.output<typeof networkTestSchema>) {
    if (this.#open.size + this.#opening >= MAX_AT_ONCE) {
      throw new AmphiError('too_many', 'Many test their network now. Try again in a moment.');
    }
    this.#opening++;
    try {
      const room = await RoomMedia.open({
        nodes: this.#nodes,
        roomId: `test-${randomId(ROOM_ID_CHARACTERS)}`,
        fence: Date.now(),
        log: this.#log,
      });
      this.#open.set(
        room,
        setTimeout(() => this.#end(room), NETWORK_TEST_MS),
      );
      try {
        const sent = await room.command('send', {
          participantId: TESTER,
          offer: send.sdp,
          labels: { [send.mid]: 'camera' },
        });
        const received = await room.command('receive', {
          participantId: TESTER,
          offer: receive.sdp,
          wanted: sent.producers.map(({ producerId }) => producerId),
        });
        return { send: sent.answer, receive: received.answer };
      } catch (error) {
        await this.#end(room);
        throw error;
      }
    } finally {
      this.#opening--;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((room) => this.#end(room)));
  }

  async #end(room: RoomMedia): Promise<void> {
    clearTimeout(this.#open.get(room));
    this.#open.delete(room);
    await room
      .end()
      .catch((error) => this.#log.debug({ reason: messageOf(error) }, 'test not ended'));
  }
}
