import { iconButton } from './dom.ts';
import { icon } from './icons.ts';

/** Safari's way of playing on another screen; elsewhere it is the Remote Playback API. */
interface AirPlayVideo extends HTMLVideoElement {
  webkitShowPlaybackTargetPicker?: () => void;
}

/** A button that plays on a television, shown where the browser can and a device is near. */
export function castButton(video: HTMLVideoElement): HTMLElement | undefined {
  const airPlay: AirPlayVideo = video;
  if (airPlay.webkitShowPlaybackTargetPicker !== undefined) {
    const button = iconButton('amphi-cast', 'AirPlay', icon('airplay'));
    button.hidden = true;
    button.addEventListener('click', () => airPlay.webkitShowPlaybackTargetPicker?.());
    video.addEventListener('webkitplaybacktargetavailabilitychanged', (event) => {
      button.hidden = Reflect.get(event, 'availability') !== 'available';
    });
    return button;
  }
  const remote = 'remote' in video ? video.remote : undefined;
  if (remote === undefined) return undefined;
  const button = iconButton('amphi-cast', 'Play on another screen', icon('cast'));
  button.hidden = true;
  button.addEventListener('click', () => {
    // The viewer may close the browser's list of devices again.
    remote.prompt().catch(() => {});
  });
  const show = (state: string) => button.classList.toggle('amphi-on', state === 'connected');
  remote.addEventListener('connect', () => show('connected'));
  remote.addEventListener('disconnect', () => show('disconnected'));
  remote
    .watchAvailability((available) => {
      button.hidden = !available;
    })
    // Watching is not possible for this source or on this device: no button.
    .catch(() => {});
  return button;
}
