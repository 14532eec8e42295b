import type { Playback } from '../playback/index.ts';
import { type Command, readCommand, type State } from './protocol.ts';

/** Talks with the page around the frame: carries out its commands, tells it every change. */
export function bindMessages(playback: Playback): void {
  if (window.parent === window) return;
  const { video } = playback;
  let told = '';
  const tell = (type: 'ready' | 'state') => {
    const state = stateOf(playback);
    const text = JSON.stringify(state);
    if (type === 'state' && text === told) return;
    told = text;
    window.parent.postMessage({ amphi: 1, type, state }, '*');
  };
  window.addEventListener('message', (event) => {
    if (event.source !== window.parent) return;
    const command = readCommand(event.data);
    if (command === undefined) return;
    obey(command, playback);
    if (command === 'state') {
      told = '';
      tell('state');
    }
  });
  const changed = () => tell('state');
  const media = ['play', 'playing', 'pause', 'waiting', 'timeupdate', 'volumechange', 'ended'];
  for (const name of media) {
    video.addEventListener(name, changed);
  }
  for (const name of ['view', 'info', 'mode', 'blocked'] as const) playback.on(name, changed);
  tell('ready');
}

function obey(command: Command, playback: Playback): void {
  switch (command) {
    case 'play':
      playback.resume();
      break;
    case 'pause':
      playback.pause();
      break;
    case 'mute':
      playback.video.muted = true;
      break;
    case 'unmute':
      playback.video.muted = false;
      break;
    case 'live':
      playback.follower.goLive();
      playback.resume();
      break;
    case 'state':
      break;
  }
}

function stateOf(playback: Playback): State {
  const { video, view, info, following, follower } = playback;
  return {
    eventId: info.eventId,
    title: info.title,
    view: view.name === 'playing' && view.interrupted ? 'interrupted' : view.name,
    playing: !video.paused && !video.ended && video.readyState >= 3,
    muted: video.muted,
    live: following && !video.paused,
    viewers: info.viewers,
    latencyMs: following && follower.latencyMs !== undefined ? round(follower.latencyMs) : null,
  };
}

/** Coarse, so that a latency that hovers is not news all the time. */
const round = (ms: number): number => Math.round(ms / 500) * 500;
