import { begin } from '../playback/begin.ts';
import './embed.css';
import { optionsOf } from './options.ts';

/** The first script of the embedded player; see `watch/main.ts`. */
const options = optionsOf(location.search);
await begin({ open: options.autoplay }, async () => {
  const { openEmbed } = await import('./player.ts');
  return (host, preflight) => openEmbed(host, preflight, options);
});
