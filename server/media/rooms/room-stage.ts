import { type Closable, type Logger, messageOf } from '#base';
import { CODECS, type MediaTap } from '#callserver';
import {
  type Cast,
  type CastMember,
  MAX_CAST,
  publicationCodecSchema,
  type RoomCommandOutput,
  type RoomNotice,
  type RoomProducer,
} from '#contracts';
import type { NodeClient } from '#platform';
import { PublicationLink } from '../publication-link.ts';
import type { CommandInput } from './commands.ts';

type Plan = CommandInput<'stage'>;

interface Tapped {
  track: number;
  tap: MediaTap;
}

export interface RoomStageOptions {
  nodes: NodeClient;
  roomId: string;
  /** All that is sent in the room now. */
  producers: () => readonly RoomProducer[];
  tap: (producerId: string) => Promise<MediaTap>;
  tell: (notice: Extract<RoomNotice, { notice: 'stage' }>) => void;
  log: Logger;
}

const TRACKS = 0x10000;
/** Somebody may be on stage without sending anything; the ingest node shall know that we are here. */
const REPEAT_MS = 5_000;

/** A room's way onto the stage of an event: who is on it is tapped, and sent to the ingest node that has the event. */
export class RoomStage implements Closable {
  readonly #options: RoomStageOptions;
  readonly #tapped = new Map<string, Tapped>();
  /** Producers whose taps are being opened. */
  readonly #opening = new Set<string>();
  #link: PublicationLink | undefined;
  #plan: Pick<Plan, 'layout' | 'people'> = { layout: 'grid', people: [] };
  #nextTrack = 0;
  #cast: Cast = { layout: 'grid', members: [] };
  #repeat: NodeJS.Timeout | undefined;

  constructor(options: RoomStageOptions) {
    this.#options = options;
  }

  /**
   * Goes on stage, or changes who is shown there. Throws what a publisher is
   * told: `unauthorized`, `event_not_found`, `source_not_found`, `source_busy`,
   * `conflict`, `unavailable`.
   */
  async go(plan: Plan): Promise<RoomCommandOutput<'stage'>> {
    const { eventId, sourceId, credential } = plan;
    if (this.#link !== undefined && this.#link.eventId !== eventId) await this.close();
    if (this.#link === undefined) {
      const link = await PublicationLink.open(this.#options.nodes, {
        credential,
        eventId,
        ...(sourceId === undefined ? {} : { sourceId }),
        remoteAddress: 'room',
        encoder: `Room ${this.#options.roomId}`,
        stage: true,
      });
      this.#link = link;
      link.on('closed', (reason) => {
        if (this.#link === link) this.#leave(reason);
      });
      this.#repeat = setInterval(() => link.sendCast(this.#cast), REPEAT_MS);
      this.#options.tell({ notice: 'stage', eventId, on: true });
    }
    this.#plan = plan;
    this.refresh();
    return { eventId: this.#link.eventId, sourceId: this.#link.sourceId };
  }

  /** To be called when somebody began or stopped to send. */
  refresh(): void {
    if (this.#link === undefined) return;
    const people = new Set(this.#plan.people.map(({ participantId }) => participantId));
    const wanted = this.#options
      .producers()
      .filter(({ participantId }) => people.has(participantId));
    const ids = new Set(wanted.map(({ producerId }) => producerId));
    for (const [producerId, { tap }] of this.#tapped) {
      if (ids.has(producerId)) continue;
      this.#tapped.delete(producerId);
      tap.close().catch(() => {});
    }
    for (const producer of wanted) {
      if (this.#tapped.has(producer.producerId)) continue;
      this.#open(producer).catch((error) =>
        this.#options.log.warn({ reason: messageOf(error) }, 'somebody cannot be shown on stage'),
      );
    }
    this.#tellCast();
  }

  async close(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    this.#leave('the room left the stage');
    await link.close();
  }

  async #open({ producerId, codec: name }: RoomProducer): Promise<void> {
    const link = this.#link;
    const codec = publicationCodecSchema.safeParse(name).data;
    if (link === undefined || codec === undefined || this.#opening.has(producerId)) return;
    this.#opening.add(producerId);
    try {
      const tap = await this.#options.tap(producerId);
      const stays = this.#options.producers().some((one) => one.producerId === producerId);
      if (this.#link !== link || !stays) {
        await tap.close();
        return;
      }
      const track = this.#nextTrack;
      this.#nextTrack = (this.#nextTrack + 1) % TRACKS;
      const { clockRate } = CODECS[codec];
      tap.on('unit', ({ key, timestamp, capturedUs, payload }) => {
        const mediaUs = (timestamp * 1e6) / clockRate;
        link.send({ codec, key, mediaUs, capturedUs, payload }, track);
      });
      tap.on('closed', () => this.#tapped.delete(producerId));
      this.#tapped.set(producerId, { track, tap });
      this.#tellCast();
    } finally {
      this.#opening.delete(producerId);
    }
  }

  #tellCast(): void {
    const cast: Cast = { layout: this.#plan.layout, members: this.#members() };
    if (JSON.stringify(cast) === JSON.stringify(this.#cast)) return;
    this.#cast = cast;
    this.#link?.sendCast(cast);
    // Tiles have other sizes now, and decoders for them begin with key frames.
    for (const { producerId, kind } of this.#options.producers()) {
      if (kind === 'video') this.#tapped.get(producerId)?.tap.requestKeyFrame();
    }
  }

  /** Shared screens first; who shares one keeps a tile of their own. */
  #members(): CastMember[] {
    const screens: CastMember[] = [];
    const faces = this.#plan.people.map(({ participantId, name }): CastMember => {
      const screen = this.#trackOf(participantId, 'screen');
      if (screen !== undefined) {
        screens.push({
          ...memberOf(`${participantId}/screen`, name, screen),
          ...soundOf(this.#trackOf(participantId, 'screen-audio')),
          screen: true,
        });
      }
      return {
        ...memberOf(participantId, name, this.#trackOf(participantId, 'camera')),
        ...soundOf(this.#trackOf(participantId, 'microphone')),
      };
    });
    return [...screens, ...faces].slice(0, MAX_CAST);
  }

  #trackOf(participantId: string, label: RoomProducer['label']): number | undefined {
    const producer = this.#options
      .producers()
      .find((one) => one.participantId === participantId && one.label === label && !one.paused);
    return producer && this.#tapped.get(producer.producerId)?.track;
  }

  #leave(reason: string): void {
    const eventId = this.#link?.eventId;
    this.#link = undefined;
    clearInterval(this.#repeat);
    for (const { tap } of this.#tapped.values()) tap.close().catch(() => {});
    this.#tapped.clear();
    this.#cast = { layout: 'grid', members: [] };
    if (eventId !== undefined) this.#options.tell({ notice: 'stage', eventId, on: false, reason });
  }
}

const memberOf = (id: string, name: string, picture: number | undefined): CastMember =>
  picture === undefined ? { id, name } : { id, name, picture };

const soundOf = (sound: number | undefined): { sound?: number } =>
  sound === undefined ? {} : { sound };
