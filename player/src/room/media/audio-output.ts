/** One track to be heard, or to be ready to be heard. */
export interface Voice {
  track: MediaStreamTrack;
  /** Whose it is, and what: of all tracks with the same one, one is heard. */
  of: string;
  isHeard: boolean;
}

interface Player {
  readonly element: HTMLAudioElement;
  of: string;
  isHeard: boolean;
}

/** An element that does not say that it plays may play all the same. */
const STARTS_MS = 1_000;

/**
 * Plays the others' sound. Each track has an element of its own that plays from
 * the moment it is known, muted where another track of the same person is
 * heard: changing over between them is a matter of two flags. The old one is
 * muted once the new one plays.
 */
export class AudioOutput {
  readonly #players = new Map<string, Player>();
  readonly #host: HTMLElement;
  readonly #onBlocked: () => void;
  #sink = '';

  /** `onBlocked`: the browser does not let the page sound before somebody presses something. */
  constructor(onBlocked: () => void) {
    this.#onBlocked = onBlocked;
    this.#host = document.createElement('div');
    this.#host.hidden = true;
    document.body.append(this.#host);
  }

  set(voices: readonly Voice[]): void {
    const wanted = new Map(voices.map((voice) => [voice.track.id, voice]));
    for (const [id, { track, of, isHeard }] of wanted) {
      const player = this.#players.get(id) ?? this.#add(track, of);
      Object.assign(player, { of, isHeard });
      if (isHeard) player.element.muted = false;
    }
    for (const [id, { element }] of this.#players) {
      if (!wanted.has(id)) this.#remove(id, element);
    }
    for (const of of new Set(voices.map((voice) => voice.of))) this.#changeOver(of);
  }

  /** By which loudspeaker; '' is the system's own choice. */
  async setSink(deviceId: string): Promise<void> {
    this.#sink = deviceId;
    await Promise.all([...this.#players.values()].map(({ element }) => this.#direct(element)));
  }

  /** Tries again after somebody has pressed something. */
  resume(): void {
    for (const { element } of this.#players.values()) this.#play(element);
  }

  close(): void {
    for (const [id, { element }] of this.#players) this.#remove(id, element);
    this.#host.remove();
  }

  /** Mutes what is not to be heard of one voice, unless what is to be heard has not begun. */
  #changeOver(of: string, isPatient = true): void {
    const players = [...this.#players.values()].filter((one) => one.of === of);
    const heard = players.find(({ isHeard }) => isHeard)?.element;
    const others = players.filter(({ isHeard, element }) => !isHeard && !element.muted);
    if (others.length === 0) return;
    if (isPatient && heard !== undefined && (heard.paused || heard.currentTime === 0)) {
      const again = () => this.#changeOver(of, false);
      heard.addEventListener('timeupdate', again, { once: true });
      setTimeout(again, STARTS_MS);
      return;
    }
    for (const { element } of others) element.muted = true;
  }

  #add(track: MediaStreamTrack, of: string): Player {
    const element = new Audio();
    element.muted = true;
    element.srcObject = new MediaStream([track]);
    const player = { element, of, isHeard: false };
    // So it does when it may not sound and is unmuted; when it is played unmuted, it says why not.
    element.addEventListener('pause', () => {
      const isWanted = player.isHeard && this.#players.get(track.id) === player;
      // At the end of its track it pauses, too.
      if (isWanted && track.readyState === 'live') this.#play(element);
    });
    this.#players.set(track.id, player);
    this.#host.append(element);
    if (this.#sink !== '') this.#direct(element);
    this.#play(element);
    return player;
  }

  #play(element: HTMLAudioElement): void {
    element.play().catch((error) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#onBlocked();
    });
  }

  async #direct(element: HTMLAudioElement): Promise<void> {
    if ('setSinkId' in element) await element.setSinkId(this.#sink).catch(() => {});
  }

  #remove(id: string, element: HTMLAudioElement): void {
    this.#players.delete(id);
    element.srcObject = null;
    element.remove();
  }
}
