/** So large a picture is made of whatever file was chosen; the server takes up to 512. */
const SIDE = 256;
const MOST_FILE_BYTES = 20 * 1024 * 1024;
const QUALITIES = [0.86, 0.7] as const;
/** What comes out stays well below what the server takes. */
const MOST_BYTES = 96 * 1024;

/**
 * The middle of a picture, square and small, in Base64. It is drawn anew: what
 * else is in the file, such as where it was taken, does not go along. Throws an
 * `Error` that says what is wrong.
 */
export async function profilePictureOf(file: File): Promise<string> {
  if (file.size > MOST_FILE_BYTES) throw new Error('The file is over 20 MB. Choose a smaller one.');
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('This file is no picture that the browser can read.');
  });
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The browser cannot draw the picture.');
  const side = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  context.fillStyle = '#fff';
  context.fillRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  for (const quality of QUALITIES) {
    // Browsers that write no WebP write PNG instead.
    for (const type of ['image/webp', 'image/jpeg']) {
      const blob = await new Promise<Blob | null>((resolve) => {
        canvas.toBlob(resolve, type, quality);
      });
      if (blob !== null && blob.type === type && blob.size <= MOST_BYTES) return base64Of(blob);
    }
  }
  throw new Error('The picture cannot be made small enough.');
}

async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
