import { SLOTS, type Slot } from './slots.ts';

/** The two ways on which somebody's media may come. */
export type Path = 'mesh' | 'callserver';

interface Incoming {
  track: MediaStreamTrack;
  receiver: RTCRtpReceiver | undefined;
  /** Since when packets come, on the clock of the page. */
  since: number;
}

/** So long after its first packet a sound plays, whether a browser tells so or not. */
const PLAYS_MS = 1_000;

type Lane = Map<Slot, Incoming>;

/** What comes from one person on one slot: the track to show, and those that wait beside it. */
export interface SlotMedia {
  shown: MediaStreamTrack | undefined;
  path: Path | undefined;
  /** All there are: sound plays on all of them, muted, so that a change of path makes no gap. */
  all: readonly MediaStreamTrack[];
}

const OTHER: Record<Path, Path> = { mesh: 'callserver', callserver: 'mesh' };

/**
 * Which of two tracks is shown: that of the wanted path once something comes on
 * it, until then the other one, if something comes on that.
 */
export function choosePath(
  wanted: Path,
  flows: Readonly<Record<Path, boolean | undefined>>,
): Path | undefined {
  if (flows[wanted] === true) return wanted;
  const other = OTHER[wanted];
  if (flows[other] === true) return other;
  if (flows[wanted] !== undefined) return wanted;
  return flows[other] === undefined ? undefined : other;
}

/** Everything that comes from the others, by person, slot and path. */
export class RemoteMedia {
  readonly #people = new Map<string, Record<Path, Lane>>();
  readonly #onChange: (participantId: string) => void;
  readonly #checked = new Map<string, string>();
  #wanted: Path = 'mesh';

  constructor(onChange: (participantId: string) => void) {
    this.#onChange = onChange;
  }

  /** From now on this path is preferred. */
  setWanted(path: Path): void {
    if (path === this.#wanted) return;
    this.#wanted = path;
    for (const id of this.#people.keys()) this.#onChange(id);
  }

  add(
    participantId: string,
    path: Path,
    slot: Slot,
    track: MediaStreamTrack,
    receiver?: RTCRtpReceiver,
  ): void {
    const lane = this.#lanes(participantId)[path];
    if (lane.get(slot)?.track === track) return;
    const incoming: Incoming = { track, receiver, since: performance.now() };
    lane.set(slot, incoming);
    const changed = () => {
      if (lane.get(slot) === incoming) this.#onChange(participantId);
    };
    track.addEventListener('unmute', () => {
      incoming.since = performance.now();
      changed();
    });
    track.addEventListener('mute', changed);
    track.addEventListener('ended', changed);
    this.#onChange(participantId);
  }

  /** What came there comes no more. */
  remove(participantId: string, path: Path, slot?: Slot): void {
    const lane = this.#people.get(participantId)?.[path];
    if (lane === undefined) return;
    if (slot === undefined) lane.clear();
    else lane.delete(slot);
    this.#onChange(participantId);
  }

  /** Nothing comes on this path any more, from anybody. */
  clear(path: Path): void {
    for (const [id, lanes] of this.#people) {
      if (lanes[path].size === 0) continue;
      lanes[path].clear();
      this.#onChange(id);
    }
  }

  forget(participantId: string): void {
    this.#checked.delete(participantId);
    if (this.#people.delete(participantId)) this.#onChange(participantId);
  }

  get(participantId: string, slot: Slot): SlotMedia {
    const lanes = this.#people.get(participantId);
    const of = (path: Path) => lanes?.[path].get(slot)?.track;
    const flow = (path: Path) => {
      const incoming = lanes?.[path].get(slot);
      return incoming === undefined ? undefined : isFlowing(incoming);
    };
    const path = choosePath(this.#wanted, { mesh: flow('mesh'), callserver: flow('callserver') });
    const all = [of('mesh'), of('callserver')].filter((track) => track !== undefined);
    return { shown: path === undefined ? undefined : of(path), path, all };
  }

  /** Whether something comes from somebody on this path and slot right now. */
  flows(participantId: string, path: Path, slot: Slot): boolean {
    const incoming = this.#people.get(participantId)?.[path].get(slot);
    return incoming !== undefined && isFlowing(incoming);
  }

  /** That sound has begun to play is not told by any event: to be asked now and then. */
  recheck(): void {
    for (const id of this.#people.keys()) {
      const flows = ['mesh', 'callserver'] as const;
      const now = flows.map((path) => this.flows(id, path, 'microphone')).join();
      if (this.#checked.get(id) === now) continue;
      this.#checked.set(id, now);
      this.#onChange(id);
    }
  }

  /** Whoever anything comes from. */
  get people(): readonly string[] {
    return [...this.#people.keys()];
  }

  /** Who can be heard, with the receiver whose level tells how loud. */
  *voices(): Generator<[participantId: string, receiver: RTCRtpReceiver]> {
    for (const [id, lanes] of this.#people) {
      const { path } = this.get(id, 'microphone');
      const receiver = path && lanes[path].get('microphone')?.receiver;
      if (receiver !== undefined) yield [id, receiver];
    }
  }

  #lanes(participantId: string): Record<Path, Lane> {
    let lanes = this.#people.get(participantId);
    if (lanes === undefined) {
      lanes = { mesh: new Map(), callserver: new Map() };
      this.#people.set(participantId, lanes);
    }
    return lanes;
  }
}

/**
 * Whether something can be seen or heard of it. Packets of sound wait until there
 * are enough of them; it is there once some of it was played.
 */
function isFlowing({ track, receiver, since }: Incoming): boolean {
  if (track.readyState !== 'live' || track.muted) return false;
  if (track.kind === 'video' || receiver === undefined) return true;
  if (receiver.getSynchronizationSources().length > 0) return true;
  return performance.now() - since > PLAYS_MS;
}

/** Slots of sound and of pictures. */
export const SOUND_SLOTS = SLOTS.filter((s) => s === 'microphone' || s === 'screen-audio');
