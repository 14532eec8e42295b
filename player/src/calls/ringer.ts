import type { CurrentCall } from './state/calls-state.ts';

/** What is heard: a call that comes in, one that rings at the other end, or nothing. */
export type Ring = 'in' | 'out' | undefined;

interface Note {
  frequencies: readonly number[];
  /** Seconds from the beginning of a period. */
  at: number;
  seconds: number;
}

/** Two calls of a bell, then a pause; and the ringing tone of ETSI TR 101 041-2: 425 Hz, one second of five. */
const TONES: Record<'in' | 'out', { notes: readonly Note[]; period: number; volume: number }> = {
  in: {
    notes: [0, 0.5].flatMap((at) => [
      { frequencies: [659.25, 1318.5], at, seconds: 0.2 },
      { frequencies: [830.61, 1661.2], at: at + 0.18, seconds: 0.32 },
    ]),
    period: 2.4,
    volume: 0.16,
  },
  out: { notes: [{ frequencies: [425], at: 0, seconds: 1 }], period: 5, volume: 0.06 },
};
const EDGE_S = 0.02;
const BUZZ_MS = [180, 90, 180];

export const ringOf = (call: CurrentCall | undefined): Ring => {
  if (call?.phase === 'incoming') return 'in';
  return call?.phase === 'calling' && call.rings ? 'out' : undefined;
};

/** Makes the sound of calls. Browsers are silent before somebody has pressed something on the page. */
export class Ringer {
  #context: AudioContext | undefined;
  #ring: Ring;
  #timer: ReturnType<typeof setInterval> | undefined;
  #volume: GainNode | undefined;
  readonly #onPress = () => this.#unlock();

  constructor() {
    addEventListener('pointerdown', this.#onPress);
    addEventListener('keydown', this.#onPress);
  }

  set(ring: Ring): void {
    if (ring === this.#ring) return;
    this.#stop();
    this.#ring = ring;
    if (ring === undefined) return;
    this.#play();
    this.#timer = setInterval(() => this.#play(), TONES[ring].period * 1_000);
  }

  close(): void {
    this.#stop();
    removeEventListener('pointerdown', this.#onPress);
    removeEventListener('keydown', this.#onPress);
    this.#context?.close().catch(() => {});
  }

  #unlock(): void {
    this.#context ??= new AudioContext();
    if (this.#context.state !== 'suspended') return;
    this.#context.resume().then(
      () => this.#play(),
      () => {},
    );
  }

  #play(): void {
    if (this.#ring === undefined) return;
    if (this.#ring === 'in' && !prefersStillness()) vibrate();
    this.#context ??= new AudioContext();
    const context = this.#context;
    // Planned on a clock that stands, it would all sound at once later.
    if (context.state !== 'running') return;
    const { notes, volume } = TONES[this.#ring];
    this.#volume?.disconnect();
    this.#volume = new GainNode(context, { gain: volume });
    this.#volume.connect(context.destination);
    for (const { frequencies, at, seconds } of notes) {
      const begin = context.currentTime + 0.02 + at;
      const envelope = new GainNode(context, { gain: 0 });
      envelope.gain.setValueAtTime(0, begin);
      envelope.gain.linearRampToValueAtTime(1 / frequencies.length, begin + EDGE_S);
      envelope.gain.setValueAtTime(1 / frequencies.length, begin + seconds - EDGE_S);
      envelope.gain.linearRampToValueAtTime(0, begin + seconds);
      envelope.connect(this.#volume);
      for (const frequency of frequencies) {
        const tone = new OscillatorNode(context, { frequency });
        tone.connect(envelope);
        tone.start(begin);
        tone.stop(begin + seconds);
      }
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#ring = undefined;
    this.#volume?.disconnect();
    this.#volume = undefined;
    vibrate(0);
  }
}

const prefersStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Where there is a motor; 0 stops it. A page that nobody has pressed yet may not, and that is fine. */
function vibrate(pattern: number | number[] = BUZZ_MS): void {
  if ('vibrate' in navigator && navigator.userActivation?.hasBeenActive) navigator.vibrate(pattern);
}
