import type { Page } from 'playwright-core';
import { BLOCK, BLOCKS, readBarcode } from './barcode.ts';
import { PICTURE } from './barcode-source.ts';

/** A picture that a page has shown. */
export interface ShownPicture {
  /** Epoch milliseconds of its display. */
  shownMs: number;
  /** When it was drawn, by the clock burnt into it; undefined for a picture without one, such as a slate. */
  drawnMs: number | undefined;
}

interface Reading {
  shownMs: number;
  luma: number[];
}

/** Begins to read the clock off every so many-th picture of a video element, the player's own unless told otherwise. */
export function watchClocks(page: Page, every = 1, selector = 'video.vjs-tech'): Promise<void> {
  const { width } = PICTURE;
  return page.evaluate(readInPage, { selector, every, blocks: BLOCKS, block: BLOCK, width });
}

/** What was shown since the last time this was asked. */
export async function takePictures(page: Page): Promise<ShownPicture[]> {
  const readings = await page.evaluate(() => {
    const state = window as unknown as { readings: Reading[] };
    return state.readings.splice(0);
  });
  return readings.map(({ shownMs, luma }) => ({ shownMs, drawnMs: readBarcode(luma, shownMs) }));
}

/** Runs in the page. */
function readInPage(options: {
  selector: string;
  every: number;
  blocks: number;
  block: { width: number; height: number };
  width: number;
}): void {
  const { selector, every, blocks, block, width } = options;
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error('no video');
  const perBlock = 4;
  const canvas = new OffscreenCanvas(blocks * perBlock, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  const readings: Reading[] = [];
  Object.assign(window, { readings });
  let count = 0;
  const onFrame = (_now: number, frame: VideoFrameCallbackMetadata) => {
    video.requestVideoFrameCallback(onFrame);
    if (count++ % every !== 0) return;
    const scale = video.videoWidth / width;
    const [w, h] = [blocks * block.width * scale, block.height * scale];
    context.drawImage(video, 0, h * 0.25, w, h * 0.5, 0, 0, canvas.width, 1);
    const { data } = context.getImageData(0, 0, canvas.width, 1);
    const luma = Array.from({ length: blocks }, (_, i) => {
      const at = (i * perBlock + 1) * 4;
      return ((data[at] ?? 0) + (data[at + 4] ?? 0)) / 2;
    });
    readings.push({ shownMs: performance.timeOrigin + frame.expectedDisplayTime, luma });
  };
  video.requestVideoFrameCallback(onFrame);
}
