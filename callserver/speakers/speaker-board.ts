import { DominantSpeaker } from './dominant.ts';
import { TopVoices } from './top-voices.ts';
import { Voice } from './voice.ts';

/** A voice that speaks now, for whoever shows it. */
export interface Speaker {
  producerId: string;
  /** In dBov, in steps of 5: -125 to 0. */
  level: number;
  /** Has the floor. */
  dominant: boolean;
}

/** Told at most this often. */
const INTERVAL_MS = 100;
/** Smaller changes of a level are not worth a notice. */
const LEVEL_STEP_DB = 5;
/** The loudest, when all speak at once. */
const MAX_SPEAKERS = 10;
const LEVEL_MASK = 0x7f;

/** Who speaks in a router, and whose sound everybody gets. */
export class SpeakerBoard {
  readonly #voices = new Map<string, Voice>();
  readonly #dominant = new DominantSpeaker();
  readonly #top: TopVoices;
  #told: readonly Speaker[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;

  /** `topVoices`: how many are passed on; 0 for all. */
  constructor(topVoices: number) {
    this.#top = new TopVoices(topVoices);
  }

  add(producerId: string): void {
    this.#voices.set(producerId, new Voice());
  }

  remove(producerId: string): void {
    const voice = this.#voices.get(producerId);
    if (voice === undefined) return;
    this.#voices.delete(producerId);
    this.#dominant.remove(voice);
    this.#top.remove(voice);
  }

  /** Takes the byte of RFC 6464 of a producer's packet; returns whether the packet is passed on. */
  hear(producerId: string, byte: number, nowMs: number): boolean {
    const voice = this.#voices.get(producerId);
    if (voice === undefined) return true;
    voice.hear(byte & LEVEL_MASK, nowMs);
    return this.#top.admits(voice, nowMs);
  }

  /** To be called every 100 ms or so. Returns who speaks when that has changed, the loudest first. */
  judge(nowMs: number): readonly Speaker[] | undefined {
    if (nowMs - this.#lastMs < INTERVAL_MS) return undefined;
    this.#lastMs = nowMs;
    this.#dominant.judge(this.#voices.values(), nowMs);
    const speakers: Speaker[] = [];
    for (const [producerId, voice] of this.#voices) {
      if (!voice.isSpeaking(nowMs)) continue;
      const level = Math.round(voice.level / LEVEL_STEP_DB) * LEVEL_STEP_DB;
      speakers.push({ producerId, level, dominant: voice === this.#dominant.current });
    }
    speakers.sort((a, b) => b.level - a.level);
    speakers.splice(MAX_SPEAKERS);
    if (isSame(speakers, this.#told)) return undefined;
    this.#told = speakers;
    return speakers;
  }
}

const isSame = (a: readonly Speaker[], b: readonly Speaker[]): boolean =>
  a.length === b.length &&
  a.every((speaker, i) => {
    const other = b[i];
    return (
      other?.producerId === speaker.producerId &&
      other.level === speaker.level &&
      other.dominant === speaker.dominant
    );
  });
