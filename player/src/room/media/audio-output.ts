/** One track to be heard, or to be ready to be heard. */
export interface Voice {
  track: MediaStreamTrack;
  isHeard: boolean;
}

/**
 * Plays the others' sound. Each track has an element of its own that plays from
 * the moment it is known, muted where another track of the same person is
 * heard: changing over between them is a matter of two flags.
 */
export class AudioOutput {
  readonly #elements = new Map<string, HTMLAudioElement>();
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
    // What is to be heard comes on before what was heard goes off.
    for (const [id, { track, isHeard }] of wanted) {
      const element = this.#elements.get(id) ?? this.#add(track);
      if (isHeard) element.muted = false;
    }
    for (const [id, element] of this.#elements) {
      const voice = wanted.get(id);
      if (voice?.isHeard !== true) element.muted = true;
      if (voice === undefined) this.#remove(id, element);
    }
  }

  /** By which loudspeaker; '' is the system's own choice. */
  async setSink(deviceId: string): Promise<void> {
    this.#sink = deviceId;
    await Promise.all([...this.#elements.values()].map((element) => this.#direct(element)));
  }

  /** Tries again after somebody has pressed something. */
  resume(): void {
    for (const element of this.#elements.values()) this.#play(element);
  }

  close(): void {
    for (const [id, element] of this.#elements) this.#remove(id, element);
    this.#host.remove();
  }

  #add(track: MediaStreamTrack): HTMLAudioElement {
    const element = new Audio();
    element.muted = true;
    element.srcObject = new MediaStream([track]);
    this.#elements.set(track.id, element);
    this.#host.append(element);
    if (this.#sink !== '') this.#direct(element);
    this.#play(element);
    return element;
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
    this.#elements.delete(id);
    element.srcObject = null;
    element.remove();
  }
}
