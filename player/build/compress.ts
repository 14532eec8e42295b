import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

const TEXT = /\.(js|css|svg|json|html)$/;
/** Smaller files fit into a packet anyway. */
const LEAST_BYTES = 1_400;

/**
 * Writes `.br` and `.gz` beside every asset, so that the server need not
 * compress while viewers wait. It reads what was written: earlier, other
 * plugins may still put something else in the place of their marks.
 */
export function compress(): Plugin {
  return {
    name: 'amphi:compress',
    enforce: 'post',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      const names = Object.keys(bundle).filter(
        (name) => TEXT.test(name) && name.startsWith('assets/'),
      );
      await Promise.all(names.map((name) => compressFile(join(dir, name))));
    },
  };
}

async function compressFile(path: string): Promise<void> {
  const source = await readFile(path);
  if (source.length < LEAST_BYTES) return;
  const [br, gz] = await Promise.all([
    brotli(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    zip(source, { level: 9 }),
  ]);
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
}
