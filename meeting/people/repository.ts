import { and, eq, or } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { AmphiError, randomId } from '#base';
import { type ContactState, picturePath } from '#contracts';
import { type Db, tables } from '#platform/sql';

const { users, contacts, invitations } = tables;

export type UserRow = typeof users.$inferSelect;

/** Somebody with whom one has something; of whom one has asked only, what one knew before. */
export interface KnownUser {
  /** Of whom one has asked only: what stands for it. */
  userId: string;
  /** Of whom one has asked only: their address. */
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
/** Who asked before there was an account: so many of them it hears of. */
const MAX_INVITED = 200;

/** Accounts, and who knows whom. */
export class PeopleRepository {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Throws `conflict` when somebody has that address already. */
  async create(user: Pick<UserRow, 'email' | 'displayName' | 'passwordHash'>): Promise<UserRow> {
    return this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      const [row] = await db
        .insert(users)
        .values({ ...user, userId: randomId(USER_ID_CHARACTERS) })
        .onConflictDoNothing()
        .returning();
      if (row === undefined) {
        throw new AmphiError('conflict', 'There is an account of this address');
      }
      await invited(db, row);
      return row;
    });
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
        alias: contacts.alias,
        email: users.email,
        displayName: users.displayName,
        pictureId: users.pictureId,
        state: contacts.state,
        theirs: theirs.state,
      })
      .from(contacts)
      .innerJoin(users, eq(users.userId, contacts.otherId))
      .leftJoin(theirs, and(eq(theirs.userId, contacts.otherId), eq(theirs.otherId, userId)))
      .where(eq(contacts.userId, userId))
      .limit(MAX_CONTACTS);
    const asked = await this.#db
      .select({ alias: invitations.alias, email: invitations.email })
      .from(invitations)
      .where(eq(invitations.userId, userId))
      .limit(MAX_CONTACTS);
    const unknown = (alias: string, email: string, state: ContactState): KnownUser => ({
      userId: alias,
      displayName: email,
      state,
      isMutual: false,
    });
    const all = rows.map(({ userId, displayName, alias, email, pictureId, state, theirs }) =>
      alias === null
        ? {
            userId,
            displayName,
            ...pictureOf({ pictureId }),
            state,
            isMutual: state === 'accepted' && theirs === 'accepted',
          }
        : unknown(alias, email, state),
    );
    all.push(...asked.map(({ alias, email }) => unknown(alias, email, 'requested')));
    return all.sort(
      (a, b) => a.displayName.localeCompare(b.displayName) || (a.userId < b.userId ? -1 : 1),
    );
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
   * Asks whoever has that address to be a contact; where that one has asked
   * already, both are contacts. Where nobody has it, whoever will. Who asks does
   * not learn which, nor whether they are blocked. Who was asked, to be told.
   * Throws `too_many`.
   */
  async request(userId: string, email: string): Promise<string | undefined> {
    return this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      const people = new PeopleRepository(db);
      // One after the other: each must see what those before it have asked.
      await db.select().from(users).where(eq(users.userId, userId)).for('update');
      const otherId = (await people.byEmail(email))?.userId;
      const mine = otherId === undefined ? undefined : await people.state(userId, otherId);
      if (mine === 'accepted' || mine === 'requested') return undefined;
      const byEmail = and(eq(invitations.userId, userId), eq(invitations.email, email));
      const isInvited = (await db.$count(invitations, byEmail)) > 0;
      if (isInvited && otherId === undefined) return undefined;
      const known = await db.$count(contacts, eq(contacts.userId, userId));
      const unknown = await db.$count(invitations, eq(invitations.userId, userId));
      if (known + unknown >= MAX_CONTACTS) {
        throw new AmphiError('too_many', `At most ${MAX_CONTACTS} contacts`);
      }
      const alias = randomId(USER_ID_CHARACTERS);
      if (otherId === undefined) {
        await db.insert(invitations).values({ userId, email, alias });
        return undefined;
      }
      if (isInvited) await db.delete(invitations).where(byEmail);
      const theirs = await people.state(otherId, userId);
      const isMutual = theirs === 'requested' || mine === 'asked';
      if (isMutual) await put(db, userId, otherId, 'accepted');
      else await put(db, userId, otherId, 'requested', alias);
      if (theirs !== 'blocked') await put(db, otherId, userId, isMutual ? 'accepted' : 'asked');
      return otherId;
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

  /**
   * Ends it on both sides. A block of the other's stays, and so does what the
   * other has asked for: that it is not wanted is not told. The other, where
   * something is different for them now. `id`: theirs, or what stands for it.
   */
  async remove(userId: string, id: string): Promise<string | undefined> {
    return this.#db.transaction(async (transaction) => {
      const db = transaction as unknown as Db;
      await db
        .delete(invitations)
        .where(and(eq(invitations.userId, userId), eq(invitations.alias, id)));
      const [row] = await db
        .select()
        .from(contacts)
        .where(
          and(eq(contacts.userId, userId), or(eq(contacts.alias, id), eq(contacts.otherId, id))),
        );
      if (row === undefined) return undefined;
      const { otherId } = row;
      const theirs = await new PeopleRepository(db).state(otherId, userId);
      await drop(db, userId, otherId);
      if (theirs !== 'accepted' && theirs !== 'asked') return undefined;
      await drop(db, otherId, userId);
      return otherId;
    });
  }
}

/** Whoever has asked for this address before there was an account of it has asked this one. */
async function invited(db: Db, { userId, email }: UserRow): Promise<void> {
  const rows = await db
    .delete(invitations)
    .where(eq(invitations.email, email))
    .returning({ from: invitations.userId, alias: invitations.alias, at: invitations.createdAt });
  if (rows.length === 0) return;
  await db.insert(contacts).values(
    rows.map(({ from, alias }) => ({
      userId: from,
      otherId: userId,
      state: 'requested' as const,
      alias,
    })),
  );
  const first = rows.sort((a, b) => a.at.getTime() - b.at.getTime()).slice(0, MAX_INVITED);
  await db
    .insert(contacts)
    .values(first.map(({ from }) => ({ userId, otherId: from, state: 'asked' as const })));
}

async function put(
  db: Db,
  userId: string,
  otherId: string,
  state: ContactState,
  alias: string | null = null,
): Promise<void> {
  await db
    .insert(contacts)
    .values({ userId, otherId, state, alias })
    .onConflictDoUpdate({ target: [contacts.userId, contacts.otherId], set: { state, alias } });
}

async function drop(db: Db, userId: string, otherId: string): Promise<void> {
  await db.delete(contacts).where(and(eq(contacts.userId, userId), eq(contacts.otherId, otherId)));
}
