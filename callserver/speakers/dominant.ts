import { LEAST_SCORE } from './activity-score.ts';
import type { Voice } from './voice.ts';

/** By how much, as logarithms of ratios, a voice must stand out before it takes over. */
const IMMEDIATE = 3;
const SYLLABLE = 2;
const PHRASE = 0;

/**
 * Who has the floor: the voice that took it keeps it until another one speaks
 * while it is silent, on all three scales of time (Volfin and Cohen, section III).
 * A cough is too short for that, and so is an interjection.
 */
export class DominantSpeaker {
  #current: Voice | undefined;

  get current(): Voice | undefined {
    return this.#current;
  }

  remove(voice: Voice): void {
    if (this.#current === voice) this.#current = undefined;
  }

  judge(voices: Iterable<Voice>, nowMs: number): void {
    const holder = this.#current?.scores(nowMs) ?? NOBODY;
    let best = Number.NEGATIVE_INFINITY;
    let next: Voice | undefined;
    for (const voice of voices) {
      if (voice === this.#current || !voice.isSpeaking(nowMs)) continue;
      const scores = voice.scores(nowMs);
      const syllable = Math.log(scores.syllable / holder.syllable);
      const stands =
        Math.log(scores.immediate / holder.immediate) > IMMEDIATE &&
        syllable > SYLLABLE &&
        Math.log(scores.phrase / holder.phrase) > PHRASE;
      if (!stands || syllable <= best) continue;
      best = syllable;
      next = voice;
    }
    this.#current = next ?? this.#current;
  }
}

const NOBODY = { immediate: LEAST_SCORE, syllable: LEAST_SCORE, phrase: LEAST_SCORE };
