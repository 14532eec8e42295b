/** What to set in an encoder. */

const AUDIO_KBPS = 160;
/** A line that is used to the brim drops frames; this much of it is left free. */
const HEADROOM = 1.4;

const upload = (kbps: number): string => (((kbps + AUDIO_KBPS) * HEADROOM) / 1000).toFixed(1);

export const BITRATES = [
  { output: '1280 × 720, 30 fps', kbps: 3_000 },
  { output: '1280 × 720, 60 fps', kbps: 4_500 },
  { output: '1920 × 1080, 30 fps', kbps: 5_000 },
  { output: '1920 × 1080, 60 fps', kbps: 7_500 },
].map((row) => ({ ...row, uploadMbps: upload(row.kbps) }));

const ENCODE =
  '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 3000k -maxrate 3000k -bufsize 3000k -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 160k -ar 48000 -ac 2';

export const ffmpegTest = (address: string): string =>
  `ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 ${ENCODE} -f flv "${address}"`;

export const ffmpegFile = (address: string): string =>
  `ffmpeg -re -i input.mp4 -r 30 ${ENCODE} -f flv "${address}"`;
