import type { PublisherState, SendFigures } from '../../publish/index.ts';
import { bitrate, delay, size } from '../../ui/format.ts';

/** How it stands with sending, in a word or two. */
export const STATE_WORDS: Record<PublisherState['name'], string> = {
  idle: 'Not sending',
  connecting: 'Connecting',
  live: 'Sending',
  reconnecting: 'Connecting again',
  failed: 'Stopped',
};

/** What goes out, in a line. */
export function figuresText({ width, height, fps, bitsPerSecond, rttMs }: SendFigures): string {
  return [
    width === undefined || height === undefined ? undefined : size(width, height),
    fps === undefined ? undefined : `${Math.round(fps)} fps`,
    bitrate(bitsPerSecond),
    rttMs === undefined ? undefined : `${delay(rttMs)} to the server and back`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

const LOSS_WORTH_SAYING = 0.03;

/** What keeps the picture from being better, if anything, and what to do about it. */
export function troubleText({ limitedBy, lost }: SendFigures): string | undefined {
  if ((lost ?? 0) > LOSS_WORTH_SAYING) {
    return `The network loses ${Math.round((lost ?? 0) * 100)} % on the way. A cable helps where Wi-Fi is weak.`;
  }
  if (limitedBy === 'bandwidth') {
    return 'The network does not carry more: the picture is sent smaller or coarser.';
  }
  if (limitedBy === 'cpu') {
    return 'This device does not encode faster: pictures come seldom or coarse. Close other programs, or choose another camera.';
  }
  return undefined;
}
