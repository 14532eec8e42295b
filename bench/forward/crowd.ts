import { fileURLToPath } from 'node:url';
import { type Started, startChild } from '../child.ts';
import type { PeerOrder, PeerReport } from './messages.ts';

const MAIN = fileURLToPath(new URL('./peers-main.js', import.meta.url));
/** The native library slows down with the number of peers in a process. */
const PEERS_A_PROCESS = 300;
const ANSWER_MS = 20_000;

type ReportOf<T extends PeerReport['report']> = Extract<PeerReport, { report: T }>;

/** Peers by name, spread over processes on one core. */
export class Crowd {
  readonly #processes: Started[];
  readonly #homes = new Map<string, Started>();
  readonly #waiting = new Map<string, (report: PeerReport) => void>();

  private constructor(processes: Started[]) {
    this.#processes = processes;
    for (const home of processes) {
      home.onMessage((message) => this.#onReport(message as PeerReport));
    }
  }

  /** Room for so many peers, reached at `address`. */
  static async gather(peers: number, address: string, core: number): Promise<Crowd> {
    const processes: Started[] = [];
    for (let n = 0; n < Math.ceil(peers / PEERS_A_PROCESS); n++) {
      processes.push(await startChild(MAIN, [address], core));
    }
    return new Crowd(processes);
  }

  /** An offer with so many media sections. */
  async offer(peer: string, direction: 'SendOnly' | 'RecvOnly', sections = 1): Promise<string> {
    const home = this.#settle(peer);
    const made = this.#report('description', peer);
    tell(home, { order: 'offer', peer, direction, sections });
    return (await made).sdp;
  }

  /** Resolves when the peer is connected. */
  async answer(peer: string, sdp: string, feedback = false): Promise<void> {
    const connected = this.#report('connected', peer);
    tell(this.#homeOf(peer), { order: 'answer', peer, sdp, feedback, tell: false });
    await connected;
  }

  /** Resolves when the peer has its first media packet, with how long after it was connected, in milliseconds. */
  async play(peer: string, sdp: string): Promise<number> {
    const connected = this.#report('connected', peer).then(() => performance.now());
    const playing = this.#report('playing', peer).then(() => performance.now());
    tell(this.#homeOf(peer), { order: 'answer', peer, sdp, feedback: false, tell: true });
    const [connectedAt, playingAt] = await Promise.all([connected, playing]);
    return playingAt - connectedAt;
  }

  leave(peer: string): void {
    tell(this.#homeOf(peer), { order: 'leave', peer });
  }

  /** `take` brings the answer to the other side; resolves when the peer is connected. */
  async accept(peer: string, sdp: string, take: (answer: string) => Promise<unknown>) {
    const home = this.#settle(peer);
    const made = this.#report('description', peer);
    const connected = this.#report('connected', peer);
    tell(home, { order: 'accept', peer, sdp });
    await take((await made).sdp);
    await connected;
  }

  send(peer: string, packetsPerSecond: number, packetBytes: number, keyEvery = 500): void {
    tell(this.#homeOf(peer), { order: 'send', peer, packetsPerSecond, packetBytes, keyEvery });
  }

  forgetDelays(): void {
    for (const home of this.#processes) tell(home, { order: 'reset' });
  }

  /** Sorted milliseconds. */
  async delays(): Promise<number[]> {
    let all: number[] = [];
    for (const home of this.#processes) {
      const answer = this.#report('delays', '');
      tell(home, { order: 'delays' });
      all = all.concat((await answer).ms);
    }
    return all.sort((a, b) => a - b);
  }

  close(): void {
    for (const home of this.#processes) home.stop();
  }

  #settle(peer: string): Started {
    const home = this.#processes[this.#homes.size % this.#processes.length];
    if (home === undefined) throw new Error('no process for peers');
    this.#homes.set(peer, home);
    return home;
  }

  #homeOf(peer: string): Started {
    const home = this.#homes.get(peer);
    if (home === undefined) throw new Error(`no peer ${peer}`);
    return home;
  }

  #onReport(report: PeerReport): void {
    const peer = 'peer' in report ? report.peer : '';
    if (report.report === 'failed') {
      for (const kind of ['description', 'connected', 'playing'] as const) {
        this.#waiting.get(`${kind} ${peer}`)?.(report);
      }
      return;
    }
    this.#waiting.get(`${report.report} ${peer}`)?.(report);
  }

  #report<T extends PeerReport['report']>(kind: T, peer: string): Promise<ReportOf<T>> {
    const key = `${kind} ${peer}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(key);
        reject(new Error(`no ${kind} of peer ${peer}`));
      }, ANSWER_MS);
      this.#waiting.set(key, (report) => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        if (report.report === kind) resolve(report as ReportOf<T>);
        else reject(new Error(`peer ${peer}: ${JSON.stringify(report)}`));
      });
    });
  }
}

const tell = (home: Started, order: PeerOrder) => home.send(order);
