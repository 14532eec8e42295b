import { AmphiError, type Closable } from '#base';
import type { PlaybackSession } from '#callserver';
import { EventStreams } from './event-streams.ts';
import { type Layer, layersEvent, layersOf } from './layers.ts';
import type { Watching } from './watchable.ts';

const LAYERS_EVERY_MS = 1_000;
/** Rates change all the time; they are told now and then. */
const RATES_EVERY_MS = 5_000;
/** The reason for an end must be out before the connection goes. */
const PARTING_MS = 300;
const ALL_RANKS = 7;

/** One WHEP session: its events and its choice of layer. */
export class WhepViewer implements Closable {
  readonly session: PlaybackSession;
  readonly events = new EventStreams();
  #watching: Watching;
  /** The picture's place among the sections of the description. */
  readonly #section: string;
  #poll: NodeJS.Timeout | undefined;
  #told = '';
  #toldAtMs = 0;
  #leaving = false;
  #ended = false;
  /** One after the other. */
  #turns: Promise<unknown> = Promise.resolve();
  #choice: string | undefined;

  constructor(watching: Watching) {
    this.session = watching.session;
    this.#watching = watching;
    const sections: string[] = watching.session.answer.match(/^m=\w+/gm) ?? [];
    this.#section = String(Math.max(0, sections.indexOf('m=video')));
    this.events.emit('active', {});
    this.session.on('closed', () => this.#end());
  }

  get sourceId(): string | undefined {
    return this.#watching.sourceId;
  }

  /** Tells the layers that there are, from now on, while there is a session. */
  async tellLayers(): Promise<void> {
    if (this.#poll !== undefined || this.#leaving) return;
    this.#poll = setInterval(() => this.#tell().catch(() => {}), LAYERS_EVERY_MS);
    await this.#tell();
  }

  /**
   * This layer at most, or, without a name, what the path bears. Throws
   * `not_found` for one that there is not.
   */
  async choose(rid: string | undefined): Promise<void> {
    let rank = ALL_RANKS;
    if (rid !== undefined) {
      const chosen = (await this.#layers()).find((layer) => layer.rid === rid);
      if (chosen === undefined) throw new AmphiError('not_found', `no layer "${rid}"`);
      rank = chosen.rank;
    }
    await this.session.preferLayers(rank, ALL_RANKS);
    this.#choice = rid;
  }

  /**
   * What is on air has changed: `next` says what to watch now, in the same
   * session; when it has nothing, the viewer is told to begin anew. Where `next`
   * gives back what is watched already, nothing happens.
   */
  turn(next: (watching: Watching) => Promise<Watching | undefined>): Promise<void> {
    const turned = this.#turns.then(async () => {
      if (this.#leaving) return;
      const watching = await next(this.#watching);
      if (watching === undefined) await this.reconnect();
      else if (watching !== this.#watching) await this.#take(watching);
    });
    this.#turns = turned.catch(() => {});
    return turned;
  }

  async #take(watching: Watching): Promise<void> {
    if (this.#ended) {
      watching.release();
      return;
    }
    this.#watching = watching;
    this.#told = '';
    if (this.#poll !== undefined) await this.#tell();
    // A layer of that name may be another one now, or none.
    if (this.#choice !== undefined) {
      await this.choose(this.#choice).catch(() => this.choose(undefined));
    }
  }

  /** Ends the session, and has the viewer begin anew where it can be told. */
  async reconnect(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.events.emit('reconnect', {});
    if (this.events.size > 0) await new Promise((resolve) => setTimeout(resolve, PARTING_MS));
    await this.session.close();
  }

  async close(): Promise<void> {
    await this.session.close();
    this.#end();
  }

  async #layers(): Promise<Layer[]> {
    return layersOf(await this.#watching.stats(), this.#watching.nameOf);
  }

  async #tell(): Promise<void> {
    const layers = await this.#layers();
    const names = JSON.stringify(layers.map(({ bitrate: _, ...layer }) => layer));
    const now = performance.now();
    if (names === this.#told && now - this.#toldAtMs < RATES_EVERY_MS) return;
    this.#told = names;
    this.#toldAtMs = now;
    this.events.emit('layers', layersEvent(this.#section, layers));
  }

  #end(): void {
    if (!this.#ended) this.#watching.release();
    this.#ended = true;
    this.#leaving = true;
    clearInterval(this.#poll);
    this.events.close();
  }
}
