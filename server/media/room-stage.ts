import { type Closable, Emitter, type Logger, messageOf } from '#base';
import { CODECS, type MediaTap, type Router } from '#callserver';
import {
  type Cast,
  type CastMember,
  MAX_CAST,
  type PublicationOpening,
  publicationCodecSchema,
  type RoomProducer,
} from '#contracts';
import type { NodeClient } from '#platform';
import { PublicationLink } from './publication-link.ts';

/** Who is shown, in this order, by which names. */
export interface StagePlan {
  layout: Cast['layout'];
  people: readonly { participantId: string; name: string }[];
}

interface Tapped {
  track: number;
  tap: MediaTap;
}

const MAX_TRACK = 0xffff;

type Events = {
  /** The event does not take it any more; it says why. */
  closed: readonly [reason: string];
};

/** A room's media on its way to an event: everybody on stage is tapped, and sent to the ingest node that has it. */
export class RoomStage extends Emitter<Events> implements Closable {
  readonly #link: PublicationLink;
  readonly #router: Pick<Router, 'tap'>;
  readonly #log: Logger;
  readonly #tapped = new Map<string, Tapped>();
  /** Producers whose taps are being opened. */
  readonly #opening = new Set<string>();
  #plan: StagePlan = { layout: 'grid', people: [] };
  #producers: readonly RoomProducer[] = [];
  #nextTrack = 0;
  #sentCast = '';
  #closed = false;

  private constructor(link: PublicationLink, router: Pick<Router, 'tap'>, log: Logger) {
    super();
    this.#link = link;
    this.#router = router;
    this.#log = log;
    link.on('closed', (reason) => this.#end(reason));
  }

  /** Throws what `PublicationLink.open` does. */
  static async open(
    nodes: NodeClient,
    router: Pick<Router, 'tap'>,
    opening: Omit<PublicationOpening, 'stage'>,
    log: Logger,
  ): Promise<RoomStage> {
    const link = await PublicationLink.open(nodes, { ...opening, stage: true });
    return new RoomStage(link, router, log);
  }

  get eventId(): string {
    return this.#link.eventId;
  }

  /** How the room stands now; to be called with every change of either. */
  update(plan: StagePlan, producers: readonly RoomProducer[]): void {
    this.#plan = plan;
    this.#producers = producers;
    this.#apply();
  }

  async close(): Promise<void> {
    await this.#link.close();
    this.#end('the room left the stage');
  }

  #apply(): void {
    if (this.#closed) return;
    const people = new Set(this.#plan.people.map(({ participantId }) => participantId));
    const wanted = this.#producers.filter(({ participantId }) => people.has(participantId));
    const ids = new Set(wanted.map(({ producerId }) => producerId));
    for (const [producerId, { tap }] of this.#tapped) {
      if (ids.has(producerId)) continue;
      this.#tapped.delete(producerId);
      tap.close().catch(() => {});
    }
    for (const producer of wanted) {
      if (this.#tapped.has(producer.producerId)) continue;
      this.#open(producer).catch((error) =>
        this.#log.warn({ reason: messageOf(error) }, 'somebody cannot be shown on stage'),
      );
    }
    this.#sendCast();
  }

  async #open({ producerId, codec: name, kind }: RoomProducer): Promise<void> {
    const codec = publicationCodecSchema.safeParse(name);
    if (!codec.success || this.#opening.has(producerId)) return;
    this.#opening.add(producerId);
    try {
      const tap = await this.#router.tap(producerId);
      const stays = this.#producers.some((one) => one.producerId === producerId);
      if (this.#closed || !stays) {
        await tap.close();
        return;
      }
      const track = this.#nextTrack;
      this.#nextTrack = (this.#nextTrack + 1) % MAX_TRACK;
      const { clockRate } = CODECS[codec.data];
      tap.on('unit', ({ key, timestamp, capturedUs, payload }) => {
        const mediaUs = (timestamp * 1e6) / clockRate;
        this.#link.send({ codec: codec.data, key, mediaUs, capturedUs, payload }, track);
      });
      tap.on('closed', () => this.#tapped.delete(producerId));
      this.#tapped.set(producerId, { track, tap });
      this.#sendCast();
      if (kind === 'video') tap.requestKeyFrame();
    } finally {
      this.#opening.delete(producerId);
    }
  }

  #sendCast(): void {
    const cast: Cast = { layout: this.#plan.layout, members: this.#members() };
    const text = JSON.stringify(cast);
    if (text === this.#sentCast) return;
    this.#sentCast = text;
    this.#link.sendCast(cast);
    // Tiles have other sizes now; decoders for them begin with key frames.
    for (const { producerId, kind } of this.#producers) {
      if (kind === 'video') this.#tapped.get(producerId)?.tap.requestKeyFrame();
    }
  }

  /** A shared screen stands in front of those who have none; its owner's camera is a tile of its own. */
  #members(): CastMember[] {
    const screens: CastMember[] = [];
    const faces = this.#plan.people.map(({ participantId, name }): CastMember => {
      const track = (label: RoomProducer['label']) => this.#trackOf(participantId, label);
      const screen = track('screen');
      if (screen !== undefined) {
        const sound = track('screen-audio');
        screens.push({
          id: `${participantId}.screen`.slice(0, 64),
          name,
          picture: screen,
          screen: true,
          ...(sound === undefined ? {} : { sound }),
        });
      }
      const [sound, picture] = [track('microphone'), track('camera')];
      return {
        id: participantId,
        name,
        ...(sound === undefined ? {} : { sound }),
        ...(picture === undefined ? {} : { picture }),
      };
    });
    return [...screens, ...faces].slice(0, MAX_CAST);
  }

  #trackOf(participantId: string, label: RoomProducer['label']): number | undefined {
    const producer = this.#producers.find(
      (one) => one.participantId === participantId && one.label === label && !one.paused,
    );
    return producer && this.#tapped.get(producer.producerId)?.track;
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { tap } of this.#tapped.values()) tap.close().catch(() => {});
    this.#tapped.clear();
    this.emit('closed', reason);
  }
}
