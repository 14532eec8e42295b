/**
 * The storyboard: small pictures of the run, listed as WebVTT cues whose text
 * is a picture's address. A picture is named by the epoch milliseconds that it
 * shows; the cues' own times count from the beginning of the run.
 */

export interface Thumbnail {
  /** Epoch milliseconds. */
  fromMs: number;
  untilMs: number;
  url: string;
}

const TIME = /^(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})$/;

/** Milliseconds of a WebVTT time stamp, or undefined when it is none. */
export function vttTime(text: string): number | undefined {
  const match = TIME.exec(text.trim());
  if (match === null) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0', ms = '0'] = match;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(ms);
}

/** Reads a storyboard. Cues that make no sense are left out. `originMs` is when the run began. */
export function readStoryboard(text: string, url: string, originMs: number): Thumbnail[] {
  const thumbnails: Thumbnail[] = [];
  for (const block of text.replace(/\r\n?/g, '\n').split(/\n{2,}/)) {
    const lines = block.split('\n').filter((line) => line !== '');
    const at = lines.findIndex((line) => line.includes('-->'));
    const [from, until] = (lines[at] ?? '').split('-->').map((time) => vttTime(time));
    const target = lines[at + 1];
    if (from === undefined || until === undefined || target === undefined) continue;
    thumbnails.push({
      fromMs: originMs + from,
      untilMs: originMs + until,
      url: new URL(target, url).href,
    });
  }
  return thumbnails.sort((a, b) => a.fromMs - b.fromMs);
}

/** The picture for a moment: the newest that is not later; the first for moments before all. */
export function thumbnailAt(
  thumbnails: readonly Thumbnail[],
  epochMs: number,
): Thumbnail | undefined {
  let low = 0;
  let high = thumbnails.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((thumbnails[middle]?.fromMs ?? 0) <= epochMs) low = middle + 1;
    else high = middle;
  }
  return thumbnails[Math.max(0, low - 1)];
}
