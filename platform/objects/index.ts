import { FolderObjects } from './folder-objects.ts';
import type { Objects } from './objects.ts';
import { S3Objects } from './s3-objects.ts';

export type { Objects } from './objects.ts';

/** The bucket that is configured, else the folder. */
export function openObjects(options: {
  s3: { endpoint?: string | undefined; bucket?: string | undefined; region?: string | undefined };
  folder: string;
}): Objects {
  const { endpoint, bucket, region } = options.s3;
  if (bucket === undefined) return new FolderObjects(options.folder);
  return new S3Objects({ endpoint, bucket, region });
}
