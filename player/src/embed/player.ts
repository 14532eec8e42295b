import { Climb, Playback, type Preflight, Skin } from '../playback/index.ts';
import { bindMessages } from './messages.ts';
import type { EmbedOptions } from './options.ts';

/** The player that fills the frame, and obeys the page around it. */
export function openEmbed(
  host: HTMLElement,
  preflight: Preflight,
  options: EmbedOptions,
): Playback {
  const playback = new Playback({ host, preflight, ...options });
  new Climb(playback);
  const token = preflight.wire.token === undefined ? '' : `?token=${preflight.wire.token}`;
  new Skin(playback, {
    header: 'always',
    titleLink: `/watch/${encodeURIComponent(preflight.eventId)}${token}`,
  });
  playback.on('info', ({ title }) => {
    document.title = title === '' ? 'Amphi' : title;
  });
  bindMessages(playback);
  Object.assign(host, { playback });
  return playback;
}
