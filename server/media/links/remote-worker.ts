import { request } from 'node:http';
import { Duplex } from 'node:stream';
import { AmphiError, type Logger } from '#base';
import {
  frame,
  type RequestInput,
  type RequestName,
  type RequestOutput,
  WorkerClient,
} from '#callserver';
import { type NodeClient, readProblem } from '#platform';
import { LINK_BEAT, LINK_BEAT_MS, LINK_PATH, LINK_SILENCE_MS } from './protocol.ts';

const CONNECT_MS = 3_000;

/**
 * A worker of another node. What is asked of it goes through that node, which
 * knows the secret of pipes itself: it never travels.
 */
export class RemoteWorker extends WorkerClient {
  readonly #stream: Duplex;

  private constructor(stream: Duplex, log: Logger) {
    super(stream, log);
    this.#stream = stream;
    const beat = setInterval(() => stream.write(frame(LINK_BEAT)), LINK_BEAT_MS);
    let silence = setTimeout(() => stream.destroy(), LINK_SILENCE_MS);
    stream.on('data', () => {
      clearTimeout(silence);
      silence = setTimeout(() => stream.destroy(), LINK_SILENCE_MS);
    });
    this.on('closed', () => {
      clearInterval(beat);
      clearTimeout(silence);
    });
  }

  /** On the node with this address. Throws its problem, e.g. `unavailable` or `too_many`, and `timeout`. */
  static async open(nodes: NodeClient, url: string, log: Logger): Promise<RemoteWorker> {
    const authorization = await nodes.authorization();
    return new Promise((resolve, reject) => {
      const headers = { authorization, 'content-type': 'application/octet-stream' };
      const req = request(`${url}${LINK_PATH}`, { method: 'POST', headers, agent: false });
      req.setNoDelay(true);
      const late = setTimeout(() => req.destroy(new AmphiError('timeout')), CONNECT_MS);
      req.once('error', reject);
      req.once('response', (res) => {
        clearTimeout(late);
        if (res.statusCode === 200) {
          req.off('error', reject);
          resolve(new RemoteWorker(Duplex.from({ readable: res, writable: req }), log));
          return;
        }
        readProblem(res)
          .then(reject, reject)
          .finally(() => req.destroy());
      });
      // The head goes out with the first frame.
      req.write(frame(LINK_BEAT));
    });
  }

  override request<Name extends RequestName>(
    name: Name,
    input: RequestInput<Name>,
  ): Promise<RequestOutput<Name>> {
    if (name !== 'connectPipeTransport') return super.request(name, input);
    const { secret: _own, ...rest } = input as RequestInput<'connectPipeTransport'>;
    return super.request(name, rest as RequestInput<Name>);
  }

  /** Gives it back; all that was made over this way ends. */
  async close(): Promise<void> {
    this.#stream.destroy();
  }
}
