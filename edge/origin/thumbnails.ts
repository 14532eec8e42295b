import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_IN_MEMORY = 64;
/** The newest picture stands until the next one comes. */
const LAST_CUE_MS = 10_000;
const NAME = /^(\d+)\.jpg$/;

/** The storyboard of a run: small pictures, each with the time that it shows. */
export class ThumbnailStore {
  /** Milliseconds since the epoch, ascending. */
  #times: number[] = [];
  readonly #recent = new Map<number, Buffer>();

  static async restore(folder: string): Promise<ThumbnailStore> {
    const store = new ThumbnailStore();
    const names = await readdir(folder).catch(() => []);
    store.#times = names
      .map((name) => Number(name.match(NAME)?.[1] ?? Number.NaN))
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    return store;
  }

  get times(): readonly number[] {
    return this.#times;
  }

  async add(folder: string, timeMs: number, jpeg: Buffer): Promise<void> {
    const newest = this.#times.at(-1);
    if (newest !== undefined && timeMs <= newest) return;
    this.#times.push(timeMs);
    this.#recent.set(timeMs, jpeg);
    for (const time of this.#recent.keys()) {
      if (this.#recent.size <= MAX_IN_MEMORY) break;
      this.#recent.delete(time);
    }
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${timeMs}.jpg`), jpeg);
  }

  async read(folder: string, timeMs: number): Promise<Buffer | undefined> {
    return (
      this.#recent.get(timeMs) ?? readFile(join(folder, `${timeMs}.jpg`)).catch(() => undefined)
    );
  }

  trim(beforeMs: number, folder: string): void {
    const keep = this.#times.findIndex((time) => time >= beforeMs);
    const count = keep < 0 ? this.#times.length : keep;
    for (const time of this.#times.splice(0, count)) {
      this.#recent.delete(time);
      unlink(join(folder, `${time}.jpg`)).catch(() => {});
    }
  }

  /**
   * The storyboard as WebVTT: a cue for each picture, on the time axis of the
   * player, which begins at `originMs`.
   */
  vtt(originMs: number): string {
    const cues = this.#times.map((time, i) => {
      const from = Math.max(0, time - originMs);
      const until = Math.max(from + 1, (this.#times[i + 1] ?? time + LAST_CUE_MS) - originMs);
      return `${vttTime(from)} --> ${vttTime(until)}\n${time}.jpg\n`;
    });
    return `WEBVTT\n\n${cues.join('\n')}`;
  }
}

function vttTime(ms: number): string {
  const pad = (n: number, width: number) => String(Math.floor(n)).padStart(width, '0');
  return `${pad(ms / 3_600_000, 2)}:${pad((ms / 60_000) % 60, 2)}:${pad((ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}
