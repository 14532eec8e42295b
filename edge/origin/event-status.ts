import { Emitter } from '#base';
import { type LiveState, liveStateSchema, type ViewerStatus } from '#contracts';

type StatusEvents = {
  changed: [];
  /** Something worth keeping over a restart has changed, as text. */
  recorded: [text: string];
};

/** What the origin knows of an event beside its media, and tells its viewers. */
export class EventStatus extends Emitter<StatusEvents> {
  #live: LiveState | undefined;
  #recorded = '';
  #value: ViewerStatus;

  constructor(eventId: string, dvrSeconds: number) {
    super();
    this.#value = { eventId, version: 0, status: 'idle', title: '', viewers: 0, dvrSeconds };
  }

  get value(): ViewerStatus {
    return this.#value;
  }

  get live(): LiveState | undefined {
    return this.#live;
  }

  /** Also true while it is not known: nobody may see by chance what is not for them. */
  get isPrivate(): boolean {
    return this.#live === undefined || this.#live.visibility === 'private';
  }

  setLive(live: LiveState): void {
    if (this.#live !== undefined && live.version < this.#live.version) return;
    this.#live = live;
    this.#record(live);
    this.#update();
  }

  /** Nobody holds the event any more, and nobody said that it ended. */
  setGone(): void {
    const live = this.#live;
    if (live === undefined || live.status === 'ended' || live.status === 'idle') return;
    this.setLive({ ...live, status: 'ended', sources: [] });
  }

  /** What a process before this one recorded; a newer word replaces it whatever its version. */
  restore(text: string): void {
    if (this.#live !== undefined) return;
    try {
      this.#live = { ...liveStateSchema.parse(JSON.parse(text)), version: 0 };
      this.#recorded = text;
    } catch {
      return;
    }
    this.#update();
  }

  setViewers(viewers: number): void {
    if (viewers === this.#value.viewers) return;
    this.#publish({ ...this.#value, viewers });
  }

  #record(live: LiveState): void {
    const text = JSON.stringify({ ...live, version: 0, sources: [] });
    if (text === this.#recorded) return;
    this.#recorded = text;
    this.emit('recorded', text);
  }

  #update(): void {
    const live = this.#live;
    if (live === undefined) return;
    const { runId, startedAt } = live;
    const { eventId, version, viewers } = this.#value;
    const next: ViewerStatus = {
      eventId,
      version,
      status: live.status,
      title: live.title,
      ...(runId === undefined ? {} : { runId }),
      ...(startedAt === undefined ? {} : { startedAt }),
      viewers,
      dvrSeconds: live.dvrSeconds,
    };
    if (JSON.stringify(next) !== JSON.stringify(this.#value)) this.#publish(next);
  }

  /** Versions grow over a restart, too: they are not below the time of day. */
  #publish(next: ViewerStatus): void {
    this.#value = { ...next, version: Math.max(this.#value.version + 1, Date.now()) };
    this.emit('changed');
  }
}
