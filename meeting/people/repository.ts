import { and, asc, eq, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { AmphiError, randomId } from '#base';
import { type ContactState, picturePath } from '#contracts';
import { type Db, tables } from '#platform/sql';

const { users, contacts } = tables;

export type UserRow = typeof users.$inferSelect;

/** Somebody with whom one has something. */
export interface KnownUser {
  userId: string;
  displayName: string;
  picture?: string;
  state: ContactState;
  /** Both have accepted, and neither blocks the other. */
  isMutual: boolean;
}

/** The contact as the other side has it. */
const theirs = alias(contacts, 'theirs');

/** Where an account's picture is, as a field that is there when it has one. */
export const pictureOf = ({ pictureId }: Pick<UserRow, 'pictureId'>): { picture?: string } =>
  pictureId === null ? {} : { picture: picturePath(pictureId) };

const USER_ID_CHARACTERS = 16;
/** Of one user. */
const MAX_CONTACTS = 2_000;

/** Accounts, and who knows whom. */
export class PeopleRepository {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Throws `conflict` when somebody has that address already. */
  async create(user: Pick<UserRow, 'email' | 'displayName' | 'passwordHash'>): Promise<UserRow> {
    const [row] = await this.#db
      .insert(users)
      .values({ ...user, userId: randomId(USER_ID_CHARACTERS) })
      .onConflictDoNothing()
      .returning();
    if (row === undefined) throw new AmphiError('conflict', 'There is an account of this address');
    return row;
  }

  async byEmail(email: string): Promise<UserRow | undefined> {
    const [row] = await this.#db.select().from(users).where(eq(users.email, email));
    return row;
  }

  async find(userId: string): Promise<UserRow | undefined> {
    const [row] = await this.#db.select().from(users).where(eq(users.userId, userId));
    return row;
  }

  /** Throws `unauthorized` when the account is no more. */
  async user(userId: string): Promise<UserRow> {
    const row = await this.find(userId);
    if (row === undefined) throw new AmphiError('unauthorized', 'The account is no more');
    return row;
  }

  async update(
    userId: string,
    changes: Partial<Pick<UserRow, 'displayName' | 'passwordHash'>>,
  ): Promise<UserRow> {
    if (Object.keys(changes).length === 0) return this.user(userId);
    const [row] = await this.#db
      .update(users)
      .set(changes)
      .where(eq(users.userId, userId))
      .returning();
    if (row === undefined) throw new AmphiError('unauthorized', 'The account is no more');
    return row;
  }

  /** By name. */
  async contacts(userId: string): Promise<KnownUser[]> {
    const rows = await this.#db
      .select({
        userId: users.userId,
        displayName: users.displayName,
        pictureId: users.pictureId,
        state: contacts.state,
        theirs: theirs.state,
      })
      .from(contacts)
      .innerJoin(users, eq(users.userId, contacts.otherId))
      .leftJoin(theirs, and(eq(theirs.userId, contacts.otherId), eq(theirs.otherId, userId)))
      .where(eq(contacts.userId, userId))
      .orderBy(asc(users.displayName), asc(users.userId))
      .limit(MAX_CONTACTS);
    return rows.map(({ pictureId, theirs, ...row }) => ({
      ...row,
      ...pictureOf({ pictureId }),
      isMutual: row.state === 'accepted' && theirs === 'accepted',
    }));
  }

  /** What one has with another; undefined for nothing. */
  async state(userId: string, otherId: string): Promise<ContactState | undefined> {
    const [row] = await this.#db
      .select({ state: contacts.state })
      .from(contacts)
      .where(and(eq(contacts.userId, userId), eq(contacts.otherId, otherId)));
    return row?.state;
  }

  /**
   * Asks somebody to be a contact; where that one has asked already, both are
   * contacts. Whoever was blocked does not learn it. Throws `too_many`.
   */
  async request(userId: string, otherId: string): Promise<void> {
    await this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      const mine = await new PeopleRepository(db).state(userId, otherId);
      const theirs = await new PeopleRepository(db).state(otherId, userId);
      if (mine === 'accepted' || mine === 'requested') return;
      const [count] = await db
        .select({ n: sql<number>`count(*)::int` })
        .from(contacts)
        .where(eq(contacts.userId, userId));
      if ((count?.n ?? 0) >= MAX_CONTACTS) {
        throw new AmphiError('too_many', `At most ${MAX_CONTACTS} contacts`);
      }
      const known = theirs === 'requested' || mine === 'asked';
      await put(db, userId, otherId, known ? 'accepted' : 'requested');
      if (theirs !== 'blocked') await put(db, otherId, userId, known ? 'accepted' : 'asked');
    });
  }

  /** Accepts what was asked for. Throws `not_found`. */
  async accept(userId: string, otherId: string): Promise<void> {
    await this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      const mine = await new PeopleRepository(db).state(userId, otherId);
      if (mine === 'accepted') return;
      if (mine !== 'asked') throw new AmphiError('not_found', 'This user has not asked');
      const theirs = await new PeopleRepository(db).state(otherId, userId);
      await put(db, userId, otherId, 'accepted');
      // Who has thought better of it and blocked this one stays with that, and it is not told.
      if (theirs !== 'blocked') await put(db, otherId, userId, 'accepted');
    });
  }

  /** From now on the other one neither calls nor asks; and is not told. */
  async block(userId: string, otherId: string): Promise<void> {
    await put(this.#db, userId, otherId, 'blocked');
  }

  /** Ends it on both sides; a block of the other's stays. */
  async remove(userId: string, otherId: string): Promise<void> {
    await this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      const theirs = await new PeopleRepository(db).state(otherId, userId);
      await drop(db, userId, otherId);
      if (theirs !== 'blocked') await drop(db, otherId, userId);
    });
  }
}

async function put(db: Db, userId: string, otherId: string, state: ContactState): Promise<void> {
  await db
    .insert(contacts)
    .values({ userId, otherId, state })
    .onConflictDoUpdate({ target: [contacts.userId, contacts.otherId], set: { state } });
}

async function drop(db: Db, userId: string, otherId: string): Promise<void> {
  await db.delete(contacts).where(and(eq(contacts.userId, userId), eq(contacts.otherId, otherId)));
}
