import type { Page } from 'playwright-core';
import { until } from '#support';

/** Waits until the decoded pixels of the page's video have changed. */
export async function pictureMoves(page: Page, timeoutMs: number): Promise<void> {
  const before = await pictureOf(page);
  await until(
    'the picture to move',
    async () => {
      const now = await pictureOf(page);
      return now.filter((value, i) => Math.abs(value - (before[i] ?? 0)) > 24).length > 8;
    },
    timeoutMs,
  );
}

const pictureOf = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [32, 18];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(video, 0, 0, 32, 18);
    return [...context.getImageData(0, 0, 32, 18).data];
  });
