import { AmphiError } from '#base';
import { KEY_MARK_CHARACTERS, type PublishCredential, publishCredentialSchema } from '#contracts';
import { sha256Hex, type TokenIssuer } from '#platform';

const MAX_CHARACTERS = 1_024;
/** A JWT has three parts; a stream key has no dot. */
const TOKEN = /^[^.]+\.[^.]+\.[^.]+$/;

/** What a publish token speaks for: a source, as long as it has this key. */
export const publishSubject = (sourceId: string, keyHash: string): string =>
  `${sourceId}/${keyHash.slice(0, KEY_MARK_CHARACTERS)}`;

/** What a publisher's bearer token is worth. Throws `unauthorized` for none, and for a token that is not genuine. */
export async function credentialOf(
  bearer: string | undefined,
  tokens: TokenIssuer,
): Promise<PublishCredential> {
  if (bearer === undefined || bearer.length > MAX_CHARACTERS) {
    throw new AmphiError('unauthorized', 'send the stream key as bearer token');
  }
  if (!TOKEN.test(bearer)) return { keyHash: sha256Hex(bearer) };
  const [grantedTo, keyMark] = (await tokens.verify('publish', bearer)).sub.split('/');
  const credential = publishCredentialSchema.safeParse({ grantedTo, keyMark });
  if (!credential.success) throw new AmphiError('unauthorized');
  return credential.data;
}

/** What two credentials for one source and key have in common. */
export const keyMarkOf = (credential: PublishCredential): string =>
  'keyHash' in credential ? credential.keyHash.slice(0, KEY_MARK_CHARACTERS) : credential.keyMark;
