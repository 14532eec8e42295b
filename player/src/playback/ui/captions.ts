import type { Playback } from '../playback.ts';

/** A caption track as video.js holds and draws it. */
interface DrawnTrack {
  mode: string;
  kind: string;
  cues: { length: number; [index: number]: VTTCue } | null;
  addCue(cue: VTTCue): void;
  removeCue(cue: VTTCue): void;
}

const LANGUAGE_NAMES = new Intl.DisplayNames(undefined, { type: 'language', fallback: 'code' });
/** Cues older than this are of no use even to those who go back: they come again with the media. */
const KEEP_SECONDS = 600;

/**
 * Captions that are carried inside the picture (CEA-608/708): the engine finds
 * them, video.js draws them and offers them in its menu, which hides while
 * there are none.
 */
export class Captions {
  readonly #playback: Playback;
  readonly #tracks = new Map<string, DrawnTrack>();
  #lastShown: DrawnTrack | undefined;

  constructor(playback: Playback) {
    this.#playback = playback;
    playback.on('captionTrack', (id, label, language) => this.#add(id, label, language));
    playback.on('captionCues', (cues) => {
      for (const { track, cue } of cues) this.#cue(track, cue);
    });
  }

  /** Shows the track that was shown last, or the first; or none. */
  toggle(): void {
    const tracks = [...this.#tracks.values()];
    const shown = tracks.find((track) => track.mode === 'showing');
    if (shown !== undefined) {
      this.#lastShown = shown;
      shown.mode = 'disabled';
      return;
    }
    const track = this.#lastShown ?? tracks[0];
    if (track !== undefined) track.mode = 'showing';
  }

  #add(id: string, label: string, language: string): void {
    if (this.#tracks.has(id)) return;
    const element = this.#playback.player.addRemoteTextTrack(
      { kind: 'captions', label: nameOf(label, language), language, id },
      false,
    ) as unknown as { track: DrawnTrack };
    this.#tracks.set(id, element.track);
  }

  #cue(id: string, cue: VTTCue): void {
    const track = this.#tracks.get(id);
    if (track === undefined) return;
    for (let i = 0; i < (track.cues?.length ?? 0); i++) {
      const known = track.cues?.[i];
      // The same stretch was loaded again, e.g. on another rung.
      if (known?.startTime === cue.startTime && known.text === cue.text) return;
    }
    track.addCue(cue);
    const oldest = track.cues?.[0];
    if (oldest !== undefined && cue.startTime - oldest.endTime > KEEP_SECONDS)
      track.removeCue(oldest);
  }
}

function nameOf(label: string, language: string): string {
  try {
    return language === '' ? label : (LANGUAGE_NAMES.of(language) ?? label);
  } catch {
    return label;
  }
}
