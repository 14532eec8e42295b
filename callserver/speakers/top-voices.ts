import type { Voice } from './voice.ts';

/** Longer than a breath: whoever is silent for that makes room. */
const SILENT_MS = 1_000;
/** Where all of them speak, one who is clearly louder takes the place of the softest. */
const LOUDER_DB = 6;
const LOUDER_FOR_MS = 500;
const KEPT_MS = 2_000;

interface Place {
  voice: Voice;
  sinceMs: number;
}

/**
 * The few voices that everybody gets. Who begins to speak is in at once, so that
 * no syllable is lost, if a place is empty or held by somebody who is silent.
 */
export class TopVoices {
  readonly #max: number;
  readonly #places = new Map<Voice, Place>();

  /** `max` 0: everybody has a place. */
  constructor(max: number) {
    this.#max = max;
  }

  remove(voice: Voice): void {
    this.#places.delete(voice);
  }

  /** Whether this voice, of which a packet has just come, is among them. */
  admits(voice: Voice, nowMs: number): boolean {
    if (this.#max === 0 || this.#places.has(voice)) return true;
    const full = this.#places.size >= this.#max;
    if (full && voice.lastVoiceMs !== nowMs) return false;
    if (full) {
      const softest = this.#softest(nowMs);
      if (softest === undefined || !mayReplace(softest, voice, nowMs)) return false;
      this.#places.delete(softest.voice);
    }
    this.#places.set(voice, { voice, sinceMs: nowMs });
    return true;
  }

  /** The one that has been silent for longest; when all speak, the softest. */
  #softest(nowMs: number): Place | undefined {
    let found: Place | undefined;
    for (const place of this.#places.values()) {
      if (found === undefined || isSofter(place.voice, found.voice, nowMs)) found = place;
    }
    return found;
  }
}

const isSilent = (voice: Voice, nowMs: number): boolean => nowMs - voice.lastVoiceMs > SILENT_MS;

function isSofter(a: Voice, b: Voice, nowMs: number): boolean {
  if (isSilent(a, nowMs) || isSilent(b, nowMs)) return a.lastVoiceMs < b.lastVoiceMs;
  return a.speechLevel < b.speechLevel;
}

function mayReplace({ voice, sinceMs }: Place, by: Voice, nowMs: number): boolean {
  if (isSilent(voice, nowMs)) return true;
  const louder =
    by.speechLevel > voice.speechLevel + LOUDER_DB && by.speakingMs(nowMs) >= LOUDER_FOR_MS;
  return louder && nowMs - sinceMs >= KEPT_MS;
}
