/** Starting with sound where the browser lets us, and without where it does not. */

const KEY = 'amphi.sound';

export interface Sound {
  volume: number;
  muted: boolean;
}

/** What the viewer chose last time. */
export function rememberedSound(): Sound {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const { volume, muted } = kept as { volume?: unknown; muted?: unknown };
    return {
      volume: typeof volume === 'number' ? Math.min(1, Math.max(0.05, volume)) : 1,
      muted: muted === true,
    };
  } catch {
    return { volume: 1, muted: false };
  }
}

export function rememberSound(sound: Sound): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(sound));
  } catch {
    // Storage is full or forbidden: the choice holds for this visit.
  }
}

export type Began = 'playing' | 'refused' | 'superseded';

/**
 * Plays; when sound is not allowed, plays without. Says so before it mutes, so
 * that nobody takes this for the viewer's choice.
 */
export async function beginPlaying(video: HTMLVideoElement, onMute: () => void): Promise<Began> {
  let mutedHere = false;
  for (;;) {
    // Another attempt may mute while this one waits: what counts is how it was asked.
    const wasMuted = video.muted;
    try {
      await video.play();
      return 'playing';
    } catch (error) {
      // Another source or a pause came in between: whoever did that decides.
      const refused = error instanceof DOMException && error.name === 'NotAllowedError';
      if (!refused) return 'superseded';
      if (wasMuted) {
        // Whoever presses play then is asking for sound as well.
        if (mutedHere) video.muted = false;
        return 'refused';
      }
      if (video.muted) continue;
      onMute();
      mutedHere = true;
      video.muted = true;
    }
  }
}
