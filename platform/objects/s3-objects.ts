import { Readable } from 'node:stream';
import { type Objects, ofSize, requireKey } from './objects.ts';

export interface S3Options {
  /** Of another provider than AWS. */
  endpoint: string | undefined;
  bucket: string;
  region: string | undefined;
}

const DEFAULT_REGION = 'us-east-1';
const PART_BYTES = 8 * 1024 ** 2;
/** Removed at once. */
const AT_ONCE = 8;

/** Objects in a bucket; credentials come from the AWS chain (environment, files, roles). */
export class S3Objects implements Objects {
  readonly #options: S3Options;
  #loaded: ReturnType<typeof load> | undefined;

  constructor(options: S3Options) {
    this.#options = options;
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const Key = requireKey(key);
    const { client, Upload, Bucket } = await this.#s3();
    // In parts: each can be signed, and sent again, without the whole in memory.
    const upload = new Upload({
      client,
      params: { Bucket, Key, Body: Readable.from(ofSize(body, size), { objectMode: false }) },
      partSize: PART_BYTES,
      queueSize: 1,
    });
    await upload.done();
  }

  async get(key: string): Promise<{ size: number; body: Readable } | undefined> {
    const { client, sdk, Bucket } = await this.#s3();
    try {
      const found = await client.send(new sdk.GetObjectCommand({ Bucket, Key: requireKey(key) }));
      return { size: found.ContentLength ?? 0, body: found.Body as Readable };
    } catch (error) {
      if (error instanceof sdk.NoSuchKey) return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const { client, sdk, Bucket } = await this.#s3();
    await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: requireKey(key) }));
  }

  async removeAll(prefix: string): Promise<void> {
    const { client, sdk, Bucket } = await this.#s3();
    const Prefix = `${requireKey(prefix)}/`;
    for (;;) {
      const { Contents = [], IsTruncated } = await client.send(
        new sdk.ListObjectsV2Command({ Bucket, Prefix }),
      );
      for (let i = 0; i < Contents.length; i += AT_ONCE) {
        await Promise.all(Contents.slice(i, i + AT_ONCE).map(({ Key = '' }) => this.remove(Key)));
      }
      if (IsTruncated !== true) return;
    }
  }

  #s3() {
    this.#loaded ??= load(this.#options);
    return this.#loaded;
  }
}

/** Loaded when first needed: most installations have a folder. */
async function load({ endpoint, bucket, region = DEFAULT_REGION }: S3Options) {
  const [sdk, { Upload }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
  ]);
  const client = new sdk.S3Client({
    region,
    // Checksums that only AWS knows would be refused elsewhere.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  });
  return { client, sdk, Upload, Bucket: bucket };
}
