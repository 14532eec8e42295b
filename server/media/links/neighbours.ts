import { AmphiError, type Logger, messageOf } from '#base';
import { roomNodeLoadSchema } from '#contracts';
import type { NodeClient } from '#platform';
import type { Elsewhere, Lent } from '../cascade.ts';
import { ROOMS_PATH } from '../rooms/endpoint.ts';
import { RemoteWorker } from './remote-worker.ts';

const ROLE = 'callserver';
const ASK_MS = 1_000;

export interface NeighboursOptions {
  nodes: NodeClient;
  /** This node: it is not asked. */
  nodeId: string;
  pipeSecret: string;
  log: Logger;
}

/** The other call-server nodes of the cluster, and their workers. */
export class Neighbours implements Elsewhere {
  readonly #options: NeighboursOptions;
  readonly pipeSecret: string;

  constructor(options: NeighboursOptions) {
    this.#options = options;
    this.pipeSecret = options.pipeSecret;
  }

  async take(): Promise<Lent> {
    const { nodes, log } = this.#options;
    for (const { nodeId, url } of await this.#byLoad()) {
      try {
        const worker = await RemoteWorker.open(nodes, url, log);
        return { worker, nodeId, release: () => worker.close() };
      } catch (error) {
        log.warn({ nodeId, reason: messageOf(error) }, 'no worker of another node');
      }
    }
    throw new AmphiError('too_many', 'no other call-server node has a worker to lend');
  }

  /** Those that answer, the idlest first. */
  async #byLoad(): Promise<{ nodeId: string; url: string }[]> {
    const { nodes, nodeId: own } = this.#options;
    const others = (await nodes.nodes(ROLE)).filter(({ nodeId }) => nodeId !== own);
    const asked = await Promise.allSettled(
      others.map(async ({ nodeId, url }) => {
        const answer = await nodes.callAt(url, ROOMS_PATH, { timeoutMs: ASK_MS });
        const { sessions, workers } = roomNodeLoadSchema.parse(answer);
        return { nodeId, url, load: sessions / Math.max(1, workers) };
      }),
    );
    return asked
      .flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      .sort((a, b) => a.load - b.load);
  }
}
