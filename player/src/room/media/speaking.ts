/** Louder than this is speech, as a share of full scale. */
const LOUD = 0.02;
/** A pause between words is no silence. */
const HOLD_MS = 700;
/** So long somebody must be heard before the view turns to them: a cough does not count. */
const LEAD_MS = 400;

interface Voice {
  loudSince: number | undefined;
  lastLoud: number;
}

export interface Speaking {
  /** Who speaks now. */
  now: string[];
  /** When everybody was last heard for long enough to be looked at. */
  lastSpoke: Readonly<Record<string, number>>;
}

/** Finds out from sound levels who speaks. Time is handed in. */
export class SpeakingDetector {
  readonly #voices = new Map<string, Voice>();
  readonly #lastSpoke: Record<string, number> = {};

  /** `levels`: from silence (0) to full scale (1), of everybody who can be heard. */
  update(levels: ReadonlyMap<string, number>, nowMs: number): Speaking {
    for (const [id, level] of levels) {
      const voice = this.#voices.get(id) ?? { loudSince: undefined, lastLoud: -HOLD_MS };
      this.#voices.set(id, voice);
      if (level < LOUD) continue;
      if (nowMs - voice.lastLoud >= HOLD_MS) voice.loudSince = nowMs;
      voice.lastLoud = nowMs;
      if (nowMs - (voice.loudSince ?? nowMs) >= LEAD_MS) this.#lastSpoke[id] = nowMs;
    }
    const now: string[] = [];
    for (const [id, { lastLoud }] of this.#voices) {
      if (!levels.has(id)) {
        this.#voices.delete(id);
        delete this.#lastSpoke[id];
      } else if (nowMs - lastLoud < HOLD_MS) now.push(id);
    }
    return { now, lastSpoke: { ...this.#lastSpoke } };
  }
}
