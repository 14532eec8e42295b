import type { FileLimits } from '#contracts';

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** `812 bytes`, `640 KB`, `2.5 MB`: as file managers say it, in powers of 1024. */
export function sizeOf(bytes: number): string {
  if (bytes < 1_024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const kilobytes = bytes / 1_024;
  if (kilobytes < 1_023.5) return `${WHOLE.format(kilobytes)} KB`;
  return `${ONE.format(kilobytes / 1_024)} MB`;
}

/** Why this file cannot be sent; undefined when it can, as far as the page knows. */
export function objectionTo(
  { name, size }: Pick<File, 'name' | 'size'>,
  { maxBytes, endings }: FileLimits,
): string | undefined {
  if (endings.length === 0) return 'This server takes no files.';
  const ending = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase();
  if (ending === undefined || !endings.includes(ending)) {
    const what = ending === undefined ? 'without an ending' : `ending in .${ending}`;
    return `“${name}”: files ${what} are not taken here.`;
  }
  if (size > maxBytes) {
    return `“${name}” has ${sizeOf(size)}. The limit is ${sizeOf(maxBytes)}.`;
  }
  return size === 0 ? `“${name}” is empty, or a folder.` : undefined;
}
