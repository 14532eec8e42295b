import { preflight } from '../playback/preflight.ts';
import './watch.css';

/**
 * The page's first script: asks for the stream at once and loads the player
 * and the rest of the page meanwhile.
 */
const first = preflight(location);
const player = import('./player.ts');
const shell = import('./shell.tsx');
const parsed = new Promise<void>((resolve) => {
  if (document.readyState !== 'loading') resolve();
  else document.addEventListener('DOMContentLoaded', () => resolve());
});

const [{ openPlayer }] = await Promise.all([player, parsed]);
const playback = openPlayer(first);
const { openShell } = await shell;
openShell(playback);
