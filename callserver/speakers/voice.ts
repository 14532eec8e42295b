import { activityScore, LEAST_SCORE } from './activity-score.ts';

/** RFC 6464 3: 127 is silence, in -dBov. */
const SILENCE = 127;
const FRAME_MS = 20;
/** A packet holds up to 60 ms of sound; what is left out for longer is silence. */
const MAX_PACKET_FRAMES = 3;
/** Steps above the noise that one frame is put into, each of so many decibels. */
const STEPS = 13;
const STEP_DB = 4;
/** As loud as a voice in one frame. */
const VOICE_STEPS = 4;
/** Frames in a syllable, and how many of them must be as loud as a voice. */
const SYLLABLE = 5;
const VOICED_FRAMES = 3;
/** Syllables in a phrase: one second. */
const PHRASE = 10;
const FRAMES = SYLLABLE * PHRASE;
/** How fast the likelihood falls that noise looks like this. */
const NOISE_DECAY = { immediate: 0.78, syllable: 24, phrase: 47 } as const;
/** The noise of a room lies between these, whatever is said of it, and is taken to rise this slowly. */
const LOUDEST_NOISE = SILENCE - 45;
const SOFTEST_NOISE = SILENCE - 70;
const FIRST_NOISE = SILENCE - 60;
const NOISE_RISE_DB = 0.02;
const LOUDNESS_WEIGHT = 0.2;
const SPEECH_WEIGHT = 0.05;
/** Between words. */
const SPEAKING_MS = 300;

/** What one microphone's audio levels (RFC 6464) tell of who speaks. Time is handed in. */
export class Voice {
  /** Of the last second, frame by frame: in steps above the noise. */
  readonly #steps = new Uint8Array(FRAMES);
  #frame = -1;
  /** Decibels above the lowest level that can be said. */
  #noise = FIRST_NOISE;
  #loudness = 0;
  /** Without the pauses, and over a longer time. */
  #speech = 0;
  #lastVoiceMs = Number.NEGATIVE_INFINITY;
  #speakingSinceMs = 0;

  /** `level` as RFC 6464 has it: 0 is the loudest, 127 silence. */
  hear(level: number, nowMs: number): void {
    const loudness = SILENCE - level;
    const noise = Math.min(loudness, LOUDEST_NOISE, this.#noise + NOISE_RISE_DB);
    this.#noise = Math.max(noise, SOFTEST_NOISE);
    this.#loudness += (loudness - this.#loudness) * LOUDNESS_WEIGHT;
    const steps = Math.max(0, Math.min(STEPS, Math.floor((loudness - this.#noise) / STEP_DB)));
    this.#turn(nowMs, steps);
    this.#steps[this.#frame % FRAMES] = steps;
    if (steps < VOICE_STEPS) return;
    this.#speech += (loudness - this.#speech) * SPEECH_WEIGHT;
    if (!this.isSpeaking(nowMs)) this.#speakingSinceMs = nowMs;
    this.#lastVoiceMs = nowMs;
  }

  /** Fills in the frames since the last packet, up to now. */
  #turn(nowMs: number, steps: number): void {
    const frame = Math.floor(nowMs / FRAME_MS);
    const missing = frame - this.#frame - 1;
    const filling = missing <= MAX_PACKET_FRAMES ? steps : 0;
    for (let i = Math.max(this.#frame + 1, frame - FRAMES + 1); i <= frame; i++) {
      this.#steps[i % FRAMES] = filling;
    }
    this.#frame = Math.max(frame, this.#frame);
  }

  /** Smoothed, in dBov: -127 to 0. */
  get level(): number {
    return this.#loudness - SILENCE;
  }

  /** How loud its words are, in dBov. */
  get speechLevel(): number {
    return this.#speech - SILENCE;
  }

  /** When it was last as loud as a voice. */
  get lastVoiceMs(): number {
    return this.#lastVoiceMs;
  }

  isSpeaking(nowMs: number): boolean {
    return nowMs - this.#lastVoiceMs < SPEAKING_MS;
  }

  /** For how long, in milliseconds; 0 when it does not. */
  speakingMs(nowMs: number): number {
    return this.isSpeaking(nowMs) ? nowMs - this.#speakingSinceMs : 0;
  }

  /** How likely it speaks now, by one frame, by the last tenth of a second and by the last second. */
  scores(nowMs: number): { immediate: number; syllable: number; phrase: number } {
    if (nowMs - this.#frame * FRAME_MS > (MAX_PACKET_FRAMES + 1) * FRAME_MS) this.#turn(nowMs, 0);
    const last = Math.max(this.#frame, 0);
    const syllables = Array.from({ length: PHRASE }, (_, back) => this.#voiced(last, back));
    const phrase = syllables.filter((voiced) => voiced >= VOICED_FRAMES).length;
    return {
      immediate: scoreOf(this.#steps[last % FRAMES] ?? 0, STEPS, NOISE_DECAY.immediate),
      syllable: scoreOf(syllables[0] ?? 0, SYLLABLE, NOISE_DECAY.syllable),
      phrase: scoreOf(phrase, PHRASE, NOISE_DECAY.phrase),
    };
  }

  /** Frames as loud as a voice in the syllable that is `back` ones ago. */
  #voiced(last: number, back: number): number {
    let voiced = 0;
    for (let i = 0; i < SYLLABLE; i++) {
      const frame = last - back * SYLLABLE - i;
      if (frame >= 0 && (this.#steps[frame % FRAMES] ?? 0) >= VOICE_STEPS) voiced++;
    }
    return voiced;
  }
}

const scoreOf = (active: number, intervals: number, decay: number): number =>
  active === 0 ? LEAST_SCORE : activityScore(active, intervals, decay);
