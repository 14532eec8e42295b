import videojs from 'video.js/core.es.js';
import type Player from 'video.js/dist/types/player';
import { registerHls } from './hls/source-handler.ts';

/** The video.js player with nothing on it yet, and the element that it drives. */
export interface Stage {
  player: Player;
  video: HTMLVideoElement;
}

export function buildStage(host: HTMLElement, language: string): Stage {
  registerHls();
  const element = document.createElement('video-js');
  element.className = 'amphi-player';
  host.append(element);
  const player = videojs(element, {
    language,
    // Our own components are added by the skin.
    children: ['mediaLoader', 'textTrackDisplay'],
    controls: true,
    fill: true,
    preload: 'auto',
    inactivityTimeout: 2_800,
    responsive: false,
    liveui: false,
    textTrackSettings: false,
    html5: { preloadTextTracks: false, nativeControlsForTouch: false },
    // Keys and clicks are the skin's.
    userActions: { hotkeys: false, click: false, doubleClick: false },
  });
  const video = player.el().querySelector('video');
  if (video === null) throw new Error('video.js made no video element');
  video.playsInline = true;
  video.setAttribute('aria-hidden', 'true');
  return { player, video };
}
