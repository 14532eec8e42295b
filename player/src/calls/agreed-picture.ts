import type { Agreed } from '#contracts';

/** As the preferences of rooms have it. */
type PictureSize = 'large' | 'medium' | 'small';

/** So high a picture each size asks of the camera, largest first. */
const HEIGHTS: readonly (readonly [PictureSize, number])[] = [
  ['large', 720],
  ['medium', 360],
  ['small', 180],
];

/** The largest picture, up to the wanted one, that both sides of a call bear. Pure. */
export function agreedPicture(wanted: PictureSize, { maxHeight }: Agreed): PictureSize {
  const from = HEIGHTS.findIndex(([size]) => size === wanted);
  const borne = HEIGHTS.slice(Math.max(0, from)).find(
    ([, height]) => maxHeight === undefined || height <= maxHeight,
  );
  return borne?.[0] ?? 'small';
}
