import type { RoomStream } from '#contracts';
import type { Slot } from './slots.ts';

/** How large a picture is shown, in device pixels; 0 × 0 is not at all. */
export interface Want {
  participantId: string;
  media: Slot;
  width: number;
  height: number;
}

const NOTHING = { width: 0, height: 0 };
/** Smaller changes of size than this change nothing for the better. */
const NOTICEABLE = 0.2;
const SETTLE_MS = 200;
/** So long the page may take to draw its first tiles: what is not shown yet is not unwanted. */
const DRAWN_MS = 2_000;

const keyOf = ({ participantId, media }: RoomStream): string => `${participantId} ${media}`;

/** Whether the server should be told of a new size. */
export function differs(
  told: { width: number; height: number } | undefined,
  now: { width: number; height: number },
): boolean {
  if (told === undefined || (told.width === 0) !== (now.width === 0)) return true;
  if (now.width === 0) return false;
  const change = Math.max(now.width / told.width, now.height / told.height);
  return change > 1 + NOTICEABLE || change < 1 / (1 + NOTICEABLE);
}

/**
 * Tells the call server how large each picture is shown, once things have
 * settled. What is not shown is not wanted; sound always is.
 */
export class Wants {
  readonly #send: (want: Want) => void;
  readonly #told = new Map<string, { width: number; height: number }>();
  #shown: readonly Want[] = [];
  #streams: readonly RoomStream[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDrawn = false;

  constructor(send: (want: Want) => void) {
    this.#send = send;
  }

  setShown(shown: readonly Want[]): void {
    this.#shown = shown;
    this.#isDrawn ||= shown.length > 0;
    this.#soon();
  }

  setStreams(streams: readonly RoomStream[]): void {
    if (streams === this.#streams) return;
    this.#streams = streams;
    this.#soon();
  }

  /** The server knows nothing any more: a new session. */
  forget(): void {
    this.#told.clear();
    this.#soon();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), this.#isDrawn ? SETTLE_MS : DRAWN_MS);
  }

  #tell(): void {
    const sizes = new Map(this.#shown.map((want) => [keyOf(want), want]));
    const present = new Set<string>();
    for (const stream of this.#streams) {
      if (stream.media !== 'camera' && stream.media !== 'screen') continue;
      const key = keyOf(stream);
      present.add(key);
      const { width, height } = sizes.get(key) ?? NOTHING;
      if (!differs(this.#told.get(key), { width, height })) continue;
      this.#told.set(key, { width, height });
      this.#send({ ...stream, width: Math.round(width), height: Math.round(height) });
    }
    for (const key of this.#told.keys()) if (!present.has(key)) this.#told.delete(key);
  }
}
