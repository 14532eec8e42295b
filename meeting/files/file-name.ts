import { charactersOf } from '#base';

const MOST_CHARACTERS = 100;
/** Controls, what has no width, what turns the direction of text, and halves of characters. */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/gu;
/** What some file system does not take. */
const UNWRITABLE = /[<>:"|?*]/g;
/** Names of devices of Windows, whatever ending they have. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

export interface FileName {
  name: string;
  /** What it ends in, in lower case; empty where it has no ending. */
  ending: string;
}

/**
 * The name of a file as it may stand on a page and in a folder: the last part
 * of a path, without controls, without what is not seen, and not too long; its
 * ending is what one reads.
 */
export function safeFileName(typed: string): FileName {
  const last = typed.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replace(UNSEEN, '')
    .replace(UNWRITABLE, '_')
    .replace(/\s+/gu, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  const dot = plain.lastIndexOf('.');
  const stem = dot > 0 ? plain.slice(0, dot) : plain;
  const end = dot > 0 ? plain.slice(dot) : '';
  const kept = charactersOf(stem)
    .slice(0, Math.max(1, MOST_CHARACTERS - end.length))
    .join('')
    .trim();
  const name = `${kept === '' ? 'file' : kept}${end.slice(0, MOST_CHARACTERS)}`;
  return { name: DEVICE.test(name) ? `_${name}` : name, ending: end.slice(1).toLowerCase() };
}
