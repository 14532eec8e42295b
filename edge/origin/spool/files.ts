import { rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { renditionSchema } from '#contracts';
import type { Segment } from '../segment.ts';

/** What lies in a rendition's folder: its description, an index of whole segments, and the media. */

export const INDEX = 'index.jsonl';
export const RENDITION = 'rendition.json';

export const segmentFile = (number: number): string => `${number}.m4s`;
export const initFile = (number: number): string => `init-${number}.mp4`;

/** The number in a segment's file name; undefined for other files. */
export function segmentNumberOf(name: string): number | undefined {
  const digits = name.match(/^(\d{1,15})\.m4s$/)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const renditionRecordSchema = z.object({
  rendition: renditionSchema,
  /** Fencing number of the newest writer. */
  fence: z.number(),
  ended: z.boolean(),
});
export type RenditionRecord = z.infer<typeof renditionRecordSchema>;

const indexLineSchema = z.object({
  n: z.int().min(0),
  start: z.number(),
  dur: z.number().positive(),
  size: z.int().min(0),
  init: z.int().min(0),
  key: z.int().min(0),
  gap: z.literal(true).optional(),
  disc: z.literal(true).optional(),
});

export function indexLine(segment: Segment): string {
  const line: z.infer<typeof indexLineSchema> = {
    n: segment.number,
    start: segment.startUs,
    dur: segment.durationUs,
    size: segment.size,
    init: segment.init,
    key: segment.keyBytes,
    ...(segment.gap ? { gap: true } : {}),
    ...(segment.discontinuity ? { disc: true } : {}),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Says from which segment on playlists list: what has left them must not come back after a restart. */
const listedLineSchema = z.object({ from: z.int().min(0) });

export const listedLine = (from: number): string => `${JSON.stringify({ from })}\n`;

export interface Index {
  segments: Segment[];
  /** Playlists list nothing before this segment. */
  listedFrom: number;
}

/** What an index says, in its order. Lines that are torn or damaged are left out. */
export function readIndexText(text: string): Index {
  const segments: Segment[] = [];
  let listedFrom = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    const listed = listedLineSchema.safeParse(value);
    if (listed.success) listedFrom = Math.max(listedFrom, listed.data.from);
    const parsed = indexLineSchema.safeParse(value);
    if (!parsed.success) continue;
    const { n, start, dur, size, init, key, gap = false, disc = false } = parsed.data;
    segments.push({
      number: n,
      startUs: start,
      durationUs: dur,
      parts: [],
      size,
      complete: true,
      gap,
      init,
      discontinuity: disc,
      keyBytes: key,
      onDisk: true,
    });
  }
  return { segments, listedFrom };
}

/** Replaces a file as a whole: whoever reads it finds the old text or the new, never half of it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  await writeFile(beside, text);
  await rename(beside, path);
}
