import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FlvReader, type FlvTag } from '#protocol';
import { type PublishOptions, publishArgs } from './publisher.ts';

const run = promisify(execFile);
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** The tags of an FLV file that ffmpeg makes, faster than real time. */
export async function encodeFlv(options: PublishOptions & { seconds: number }): Promise<FlvTag[]> {
  const args = publishArgs('pipe:1', options).filter((arg) => arg !== '-re');
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: MAX_FILE_BYTES });
  return readFlv(stdout);
}

export function readFlv(file: Uint8Array): FlvTag[] {
  const tags: FlvTag[] = [];
  new FlvReader({ maxBodyBytes: MAX_FILE_BYTES, onTag: (tag) => tags.push(tag) }).push(file);
  return tags;
}
