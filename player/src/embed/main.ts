import { preflight } from '../playback/preflight.ts';
import './embed.css';
import { optionsOf } from './options.ts';

/** The first script of the embedded player; see `watch/main.ts`. */
const options = optionsOf(location.search);
const first = preflight(location, { open: options.autoplay });
const player = import('./player.ts');
const parsed = new Promise<void>((resolve) => {
  if (document.readyState !== 'loading') resolve();
  else document.addEventListener('DOMContentLoaded', () => resolve());
});

const [{ openEmbed }] = await Promise.all([player, parsed]);
openEmbed(first, options);
