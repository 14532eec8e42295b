import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AmphiError, Turns } from '#base';

/** Cost, block size and parallelism of scrypt (RFC 7914): about 50 ms and 16 MB each time. */
const COST = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 16;
/** At once: half of what Node's thread pool does, which files and names need, too. */
const MOST_RUNNING = 2;
/** That is two seconds of waiting: who comes later is better served by being told so. */
const MOST_WAITING = 30;
const RETRY_AFTER_SECONDS = 3;

const turns = new Turns({
  running: MOST_RUNNING,
  waiting: MOST_WAITING,
  refusal: () =>
    new AmphiError('unavailable', {
      detail: `Too many passwords are being checked now. Try again in ${RETRY_AFTER_SECONDS} s.`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    }),
});

const HASH_BYTES = 32;

/** A password as it may be kept: `scrypt$N$r$p$salt$hash`, base64url. Throws `unavailable` when too many wait. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST, HASH_BYTES);
  const { N, r, p } = COST;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Whether this is the password of that hash. Throws `unavailable` when too many wait. */
export async function isPassword(password: string, kept: string): Promise<boolean> {
  const [kind, N, r, p, salt = '', hash = ''] = kept.split('$');
  if (kind !== 'scrypt') return false;
  const expected = Buffer.from(hash, 'base64url');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, 'base64url'), cost, expected.length);
  return timingSafeEqual(actual, expected);
}

/** Ties a session to the password that it was opened with, and tells nothing about it. */
export const passwordMark = (kept: string): string =>
  createHash('sha256').update(kept).digest('hex').slice(0, 16);

/** Passwords that look the same are the same, however they were typed. */
function derive(
  password: string,
  salt: Buffer,
  cost: { N: number; r: number; p: number },
  bytes: number,
): Promise<Buffer> {
  return turns.take(
    () =>
      new Promise((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, bytes, cost, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      }),
  );
}
