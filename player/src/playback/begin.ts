import { FirstPicture, type Successor } from './first-picture.ts';
import { type Preflight, preflight } from './preflight.ts';

/** Nothing is kept waiting for a picture for longer. */
const PICTURE_WITHIN_MS = 800;

/**
 * The beginning of every page with a player: asks for the stream at once and
 * shows its first second; then has `load` run the player's code, which keeps
 * the page's thread busy for longer than all of that takes, and lets the
 * player take over.
 */
export async function begin<T extends Successor>(
  { open = true },
  load: () => Promise<(host: HTMLElement, preflight: Preflight) => T>,
): Promise<T> {
  const first = preflight(location, { open });
  const host = await stageOf(document);
  const picture = FirstPicture.of(first, host);
  const settled = picture.then((shown) => shown?.settled);
  await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, PICTURE_WITHIN_MS))]);
  // While the player's code runs, the newest playlist comes in.
  first.refresh();
  const openPlayer = await load();
  const playback = openPlayer(host, first);
  (await picture)?.giveWayTo(playback);
  return playback;
}

/** The element of the page that the player is put into. */
async function stageOf(page: Document): Promise<HTMLElement> {
  if (page.readyState === 'loading') {
    await new Promise<void>((resolve) =>
      page.addEventListener('DOMContentLoaded', () => resolve(), { once: true }),
    );
  }
  const stage = page.getElementById('stage');
  if (stage === null) throw new Error('the page has no stage');
  return stage;
}
