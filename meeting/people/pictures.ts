import { eq } from 'drizzle-orm';
import { AmphiError, randomId } from '#base';
import { MAX_PICTURE_BYTES } from '#contracts';
import { type Db, tables } from '#platform/sql';
import { profilePicture } from './picture-format.ts';

const { pictures, users } = tables;
const PICTURE_ID_CHARACTERS = 24;

/** Profile pictures: each has an address that nobody guesses, and never changes. */
export class PictureStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Gives an account its picture, in place of the one it had. Throws
   * `body_too_large`, `unsupported_media` or `bad_request`.
   */
  async put(userId: string, bytes: Buffer): Promise<void> {
    if (bytes.length > MAX_PICTURE_BYTES) {
      throw new AmphiError('body_too_large', `image: at most ${MAX_PICTURE_BYTES} bytes`);
    }
    const { mediaType } = profilePicture(bytes);
    const pictureId = randomId(PICTURE_ID_CHARACTERS);
    await this.#db.transaction(async (db) => {
      await db.delete(pictures).where(eq(pictures.userId, userId));
      const data = bytes.toString('base64');
      await db.insert(pictures).values({ pictureId, userId, mediaType, data });
      await db.update(users).set({ pictureId }).where(eq(users.userId, userId));
    });
  }

  async remove(userId: string): Promise<void> {
    await this.#db.transaction(async (db) => {
      await db.delete(pictures).where(eq(pictures.userId, userId));
      await db.update(users).set({ pictureId: null }).where(eq(users.userId, userId));
    });
  }

  /** Throws `not_found`. */
  async get(pictureId: string): Promise<{ mediaType: string; bytes: Buffer }> {
    const [row] = await this.#db
      .select({ mediaType: pictures.mediaType, data: pictures.data })
      .from(pictures)
      .where(eq(pictures.pictureId, pictureId));
    if (row === undefined) throw new AmphiError('not_found', 'There is no such picture');
    return { mediaType: row.mediaType, bytes: Buffer.from(row.data, 'base64') };
  }
}
