/**
 * Which requests follow from a playlist that has just come. They can go out
 * at once, while the engine is still loading or still reading the playlist:
 * that takes a round trip off the start and off every part. Pure text.
 */

export interface ListedVariant {
  url: string;
  name: string;
  width: number;
  height: number;
  frameRate: number;
  bitsPerSecond: number;
  /** As in a MIME type, RFC 6381. */
  codecs: string;
}

/** What the beginning of a stream is made of, in its order. */
export interface OpeningMedia {
  urls: string[];
  /** Of the parts among them. */
  seconds: number;
}

const attribute = (line: string, name: string): string | undefined =>
  new RegExp(`[:,]${name}=(?:"([^"]*)"|([^,]*))`)
    .exec(line)
    ?.slice(1)
    .find((v) => v !== undefined);

/** Replaces `{$token}`, which playlists of private events carry, by the value in the playlist's own address. */
function resolve(uri: string, base: string): string {
  const substituted = uri.replaceAll(/\{\$([\w-]+)\}/g, (_, name: string) =>
    encodeURIComponent(new URL(base).searchParams.get(name) ?? ''),
  );
  return new URL(substituted, base).href;
}

/** The variants of a multivariant playlist, in its order. */
export function variantsOf(text: string, base: string): ListedVariant[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, i) => {
    const uri = lines[i + 1];
    if (!line.startsWith('#EXT-X-STREAM-INF:') || uri === undefined) return [];
    const [width = 0, height = 0] = (attribute(line, 'RESOLUTION') ?? '').split('x').map(Number);
    return {
      url: resolve(uri, base),
      name: attribute(line, 'NAME') ?? '',
      width,
      height,
      frameRate: Number(attribute(line, 'FRAME-RATE') ?? 0),
      bitsPerSecond: Number(attribute(line, 'BANDWIDTH') ?? 0),
      codecs: attribute(line, 'CODECS') ?? '',
    };
  });
}

/** The part that the server announces as the next. */
export function hintedPart(text: string, base: string): string | undefined {
  const at = text.lastIndexOf('#EXT-X-PRELOAD-HINT:TYPE=PART');
  if (at < 0) return undefined;
  const uri = attribute(text.slice(at).split('\n', 1)[0] ?? '', 'URI');
  return uri === undefined ? undefined : resolve(uri, base);
}

/**
 * What is needed to begin `behindSeconds` before the end of a media playlist:
 * the initialization segment and the parts from the latest key frame before
 * that point on. Empty when the playlist has no parts.
 */
export function openingOf(text: string, base: string, behindSeconds: number): OpeningMedia {
  let map: string | undefined;
  const parts: { url: string; seconds: number; independent: boolean }[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#EXT-X-MAP:')) map = attribute(line, 'URI');
    if (!line.startsWith('#EXT-X-PART:')) continue;
    const uri = attribute(line, 'URI');
    if (uri === undefined || attribute(line, 'GAP') === 'YES') continue;
    parts.push({
      url: resolve(uri, base),
      seconds: Number(attribute(line, 'DURATION') ?? 0),
      independent: attribute(line, 'INDEPENDENT') === 'YES',
    });
  }
  let from = parts.length;
  for (let left = behindSeconds; from > 0; ) {
    from--;
    const part = parts[from];
    if (part === undefined) break;
    left -= part.seconds;
    if (left <= 0 && part.independent) break;
  }
  const chosen = parts.slice(from);
  const urls = chosen.map((part) => part.url);
  if (map !== undefined && urls.length > 0) urls.unshift(resolve(map, base));
  return { urls, seconds: chosen.reduce((sum, part) => sum + part.seconds, 0) };
}

/**
 * The variant to begin with: the best that the network is likely to carry and
 * that is not much larger than the place where it is shown.
 */
export function openingVariant<T extends Pick<ListedVariant, 'bitsPerSecond' | 'width' | 'height'>>(
  variants: readonly T[],
  bitsPerSecond: number,
  pixelsWide: number,
): T | undefined {
  const pictures = variants.filter((variant) => variant.height > 0);
  const sorted = (pictures.length > 0 ? pictures : [...variants]).sort(
    (a, b) => a.bitsPerSecond - b.bitsPerSecond,
  );
  const enough = sorted.find((variant) => variant.width >= pixelsWide);
  const ceiling = enough?.bitsPerSecond ?? Number.POSITIVE_INFINITY;
  const fitting = sorted.filter(
    (variant) =>
      variant.bitsPerSecond <= ceiling && variant.bitsPerSecond <= bitsPerSecond * USABLE_SHARE,
  );
  return fitting.at(-1) ?? sorted[0];
}

/** Of what a network carries, so much is counted on at the start. */
const USABLE_SHARE = 0.7;
