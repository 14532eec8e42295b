import { z } from 'zod';
import { pictureIdSchema, putPictureSchema, userViewSchema } from '#contracts';
import type { PeopleRepository, PictureStore, UserGateway } from '#meeting';
import type { Gate } from './auth.ts';
import { type Route, route } from './route.ts';
import { accountOf, viewOf } from './user-session.ts';

const TAG = 'People';
const PATH = '/api/users/me/picture';
const YEAR_SECONDS = 31_536_000;

/** Pictures of accounts: their owners give them, whoever is told their address may see them. */
export function pictureRoutes(deps: {
  gate: Gate;
  users: UserGateway;
  people: PeopleRepository;
  pictures: PictureStore;
}): Route[] {
  const { gate, users, people, pictures } = deps;
  const changed = async (userId: string) => {
    await users.profileChanged(userId);
    return viewOf(await people.user(userId));
  };
  const answers = { status: 200, schema: userViewSchema, description: 'The account' };
  return [
    route({
      method: 'put',
      path: PATH,
      summary: 'Gives one’s account a picture, in place of the one it had',
      tag: TAG,
      access: 'user',
      body: putPictureSchema,
      answers,
      handle: async ({ body, req }) => {
        const { userId } = await accountOf(gate, req);
        await pictures.put(userId, Buffer.from(body.image, 'base64'));
        return changed(userId);
      },
    }),
    route({
      method: 'delete',
      path: PATH,
      summary: 'Takes the picture of one’s account away',
      tag: TAG,
      access: 'user',
      answers,
      handle: async ({ req }) => {
        const { userId } = await accountOf(gate, req);
        await pictures.remove(userId);
        return changed(userId);
      },
    }),
    route({
      method: 'get',
      path: '/api/pictures/{pictureId}',
      summary: 'A picture of an account, under the address that contacts and rooms are told',
      tag: TAG,
      access: 'public',
      params: z.object({ pictureId: pictureIdSchema }),
      answers: { status: 200, type: 'image/*', description: 'The picture: WebP, JPEG or PNG' },
      handle: async ({ params, res }) => {
        const { mediaType, bytes } = await pictures.get(params.pictureId);
        // Whatever may hide in the file, a browser makes nothing but a picture of it.
        res
          .status(200)
          .setHeader('content-type', mediaType)
          .setHeader('content-security-policy', "default-src 'none'; sandbox")
          .setHeader('content-disposition', 'inline; filename="picture"')
          .setHeader('cross-origin-resource-policy', 'same-origin')
          .setHeader('cache-control', `private, max-age=${YEAR_SECONDS}, immutable`)
          .end(bytes);
        return undefined;
      },
    }),
  ];
}
