import type { Request, Response } from 'express';
import { z } from 'zod';
import { AmphiError } from '#base';
import type { Config } from '#config';
import {
  addContactSchema,
  changeContactSchema,
  contactListSchema,
  createUserSchema,
  patchUserSchema,
  signInSchema,
  userIdSchema,
  userSocketSchema,
  userViewSchema,
} from '#contracts';
import type { Accounts, ContactRequests, PeopleRepository, UserGateway, UserRow } from '#meeting';
import { networkOf } from '#platform';
import { type Gate, USER_SESSION_SECONDS } from './auth.ts';
import { linksFor } from './links.ts';
import { type Route, route } from './route.ts';
import { accountOf, sessionOf, userCookie, viewOf } from './user-session.ts';

export interface UserRouteDeps {
  config: Config;
  gate: Gate;
  users: UserGateway;
  people: PeopleRepository;
  accounts: Accounts;
  requests: ContactRequests;
}

const TAG = 'People';
const contactParams = z.object({ userId: userIdSchema });
const signedInSchema = z.object({
  user: userViewSchema,
  token: z.string().describe('Of the session, for clients without cookies'),
});

/** Accounts and contacts. */
export function userRoutes(deps: UserRouteDeps): Route[] {
  return [...accountRoutes(deps), ...contactRoutes(deps)];
}

function accountRoutes({ config, gate, accounts, users }: UserRouteDeps): Route[] {
  const signIn = async (user: UserRow, req: Request, res: Response) => {
    const token = await gate.newUserSession(user);
    res.setHeader('set-cookie', userCookie(token, USER_SESSION_SECONDS, req));
    return { user: viewOf(user), token };
  };
  return [
    route({
      method: 'post',
      path: '/api/users',
      summary: 'Makes an account and signs in to it',
      tag: TAG,
      access: 'public',
      body: createUserSchema,
      answers: { status: 201, schema: signedInSchema, description: 'Signed in' },
      handle: async ({ body, req, res }) => {
        if (config.people.signUp === 'closed' && !(await gate.isAdmin(req))) {
          throw new AmphiError('forbidden', 'Ask whoever runs this server for an account');
        }
        return signIn(await accounts.signUp(body, networkOf(req.ip)), req, res);
      },
    }),
    route({
      method: 'post',
      path: '/api/sessions',
      summary: 'Signs in to an account',
      tag: TAG,
      access: 'public',
      body: signInSchema,
      answers: { status: 200, schema: signedInSchema, description: 'Signed in' },
      handle: async ({ body, req, res }) =>
        signIn(await accounts.signIn(body, networkOf(req.ip)), req, res),
    }),
    route({
      method: 'get',
      path: '/api/users/me',
      summary: 'Shows one’s account',
      tag: TAG,
      access: 'user',
      answers: { status: 200, schema: userViewSchema, description: 'The account' },
      handle: async ({ req }) => viewOf(await accountOf(gate, req)),
    }),
    route({
      method: 'post',
      path: '/api/users/me/socket',
      summary: 'Where the socket of calls and presence is, and the token that opens it soon',
      tag: TAG,
      access: 'user',
      answers: { status: 200, schema: userSocketSchema, description: 'The address with the token' },
      handle: async ({ req }) => {
        const session = await sessionOf(gate, req);
        const { sockets } = linksFor(config, req);
        const token = await users.token(session, sockets);
        return { webSocketUrl: `${sockets}/signal/user?token=${token}`, token };
      },
    }),
    route({
      method: 'patch',
      path: '/api/users/me',
      summary: 'Changes name or password; a new password ends all other sessions',
      tag: TAG,
      access: 'user',
      body: patchUserSchema,
      answers: { status: 200, schema: userViewSchema, description: 'The account' },
      handle: async ({ body, req, res }) => {
        const { userId } = await accountOf(gate, req);
        const changed = await accounts.change(userId, body);
        if (body.displayName !== undefined) await users.profileChanged(userId);
        if (body.password === undefined) return viewOf(changed);
        const signedIn = await signIn(changed, req, res);
        await users.sessionsEnded(userId);
        return signedIn.user;
      },
    }),
  ];
}

function contactRoutes({ gate, people, users, requests }: UserRouteDeps): Route[] {
  const list = async (userId: string) => {
    const known = await people.contacts(userId);
    const presences = await users.presenceOf(known.map((one) => one.userId));
    const items = known.map(({ isMutual, ...one }, i) => {
      // Whoever has blocked one is offline, as far as one can see.
      const presence = isMutual ? presences[i] : 'offline';
      return one.state === 'accepted' ? { ...one, presence } : one;
    });
    return { items };
  };
  const answers = { status: 200, schema: contactListSchema, description: 'All contacts, by name' };
  return [
    route({
      method: 'get',
      path: '/api/contacts',
      summary: 'Lists one’s contacts',
      tag: TAG,
      access: 'user',
      answers,
      handle: async ({ req }) => list((await accountOf(gate, req)).userId),
    }),
    route({
      method: 'post',
      path: '/api/contacts',
      summary: 'Asks somebody to be a contact; who has asked already becomes one at once',
      tag: TAG,
      access: 'user',
      body: addContactSchema,
      answers: {
        status: 204,
        description: 'Asked, if there is such an account; else as soon as there is one',
      },
      handle: async ({ body, req }) => {
        const account = await accountOf(gate, req);
        const asked = await requests.ask(account, body.email);
        users.contactsChanged(account.userId);
        if (asked !== undefined) users.contactsChanged(asked);
      },
    }),
    route({
      method: 'patch',
      path: '/api/contacts/{userId}',
      summary: 'Accepts or blocks somebody',
      tag: TAG,
      access: 'user',
      params: contactParams,
      body: changeContactSchema,
      answers,
      handle: async ({ params, body, req }) => {
        const { userId } = await accountOf(gate, req);
        const before = await people.state(userId, params.userId);
        if (before === undefined) {
          throw new AmphiError('not_found', 'Nothing is between you and this user');
        }
        if (body.state === 'accepted') await people.accept(userId, params.userId);
        else await people.block(userId, params.userId);
        users.contactsChanged(userId);
        // Who is blocked reads that the other is offline, as after a sign-out. Who had only asked is not answered.
        if (body.state === 'accepted' || before === 'accepted') {
          users.contactsChanged(params.userId);
        }
        return list(userId);
      },
    }),
    route({
      method: 'delete',
      path: '/api/contacts/{userId}',
      summary: 'Removes a contact, a request or a block',
      tag: TAG,
      access: 'user',
      params: contactParams,
      answers,
      handle: async ({ params, req }) => {
        const { userId } = await accountOf(gate, req);
        const other = await people.remove(userId, params.userId);
        users.contactsChanged(userId);
        if (other !== undefined) users.contactsChanged(other);
        return list(userId);
      },
    }),
  ];
}
