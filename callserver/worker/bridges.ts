import { messageOf } from '#base';
import type { WorkerSettings, WorkerStats } from '../control/messages.ts';
import { ExpectedPeers } from './expected-peers.ts';
import { IceTcpBridge } from './ice-tcp-bridge.ts';
import { RelayFront } from './relay-front.ts';

/** A browser opens one connection for each pair of its addresses and ours. */
const MAX_PER_PEER = 16;

/** The further ways into a worker, for peers that cannot send to its UDP port themselves. */
export class Bridges {
  readonly expected = new ExpectedPeers(MAX_PER_PEER);
  readonly #fault: (error: unknown) => void;
  #tcp: IceTcpBridge | undefined;
  #front: RelayFront | undefined;

  /** `fault` hears of ways that are not open: some peers do not come through, the others do. */
  constructor(fault: (error: unknown) => void) {
    this.#fault = fault;
  }

  async open({ port, bindAddress, tcp, relayPort }: WorkerSettings): Promise<void> {
    const peers = this.expected;
    try {
      if (tcp === true) this.#tcp = await IceTcpBridge.open({ port, bindAddress, peers });
    } catch (error) {
      this.#fault(`no ICE-TCP: TCP port ${port} cannot be listened on: ${messageOf(error)}`);
    }
    try {
      if (relayPort === undefined) return;
      const options = { port: relayPort, bindAddress, workerPort: port, peers };
      this.#front = await RelayFront.open(options);
    } catch (error) {
      this.#fault(`no port for TURN servers: ${relayPort} cannot be bound: ${messageOf(error)}`);
    }
  }

  /** Peers may come by TCP. */
  get tcp(): boolean {
    return this.#tcp !== undefined;
  }

  /** Where TURN servers send to; undefined where they send to the worker's own port. */
  get relayPort(): number | undefined {
    return this.#front?.port;
  }

  stats(): Omit<WorkerStats, 'peers'> {
    const [tcp, front] = [this.#tcp, this.#front];
    return {
      ...(tcp && { iceTcp: { connections: tcp.connections, ...tcp.counts } }),
      ...(front && { relayed: { flows: front.flows, ...front.counts } }),
    };
  }
}
